import type { ImageName } from '../../resolver/index.ts';
import { corefileFor } from '../cluster-corefile.ts';
import type { RunValues } from '../commands/run.ts';
import type { CorefileInput } from '../corefile-input.ts';
import { readPod } from '../pod-flag.ts';
import { UsageError } from '../usage.ts';
import { parseServe, type Serve } from './serve.ts';

/** What the command line of `cairn run` says. */
export interface RunFlags {
  readonly command: readonly string[];
  readonly namespace: string;
  readonly pod: string | undefined;
  /** A Corefile, or that of the manifests that are named. */
  readonly corefile: string | CorefileInput | undefined;
  readonly plugin: readonly string[];
  readonly serve: readonly Serve[];
  readonly hostNetwork: boolean;
  readonly image: ImageName | undefined;
}

/** @throws UsageError */
export function readRun(words: readonly string[], values: RunValues): RunFlags {
  const { plugin = [], net, image } = values;
  const { namespace = 'default', pod } = readPod(values);
  const [separator, ...command] = words;
  if (separator !== undefined && separator !== '--')
    throw new UsageError(
      `unexpected argument "${separator}"`,
      `write "--" before the program: cairn run [flags] -- ${separator} [arguments]`,
    );
  if (command.length === 0) throw new UsageError('PROGRAM is missing', 'write it after "--"');
  const hostNetwork = net === 'host';
  if (hostNetwork && values.serve)
    throw new UsageError(
      'give --serve or --net host, not both',
      "cluster IPs are no addresses of the machine's network",
    );
  const serve = readServes(values.serve ?? []);
  const corefile = corefileFor(values, hostNetwork) ?? values.corefile;
  return { command, namespace, pod, corefile, plugin, serve, hostNetwork, image };
}

/** @throws UsageError for what cannot be read, and for two that accept the same connections */
function readServes(texts: readonly string[]): readonly Serve[] {
  const serves = texts.map(parseServe);
  const objects = serves.map(({ namespace, name, port = '' }) => `${namespace}/${name}${port && `:${port}`}`);
  const twice = objects.find((object, i) => objects.indexOf(object) !== i);
  if (twice !== undefined) throw new UsageError(`--serve ${twice} is given twice`, 'leave one of them out');
  return serves;
}
