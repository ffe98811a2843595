import type { ImageName } from '../../resolver/index.ts';
import type { RunValues } from '../commands/run.ts';
import { UsageError } from '../usage.ts';
import { parseServe, type Serve } from './serve.ts';

/** What the command line of `cairn run` says. */
export interface RunFlags {
  readonly command: readonly string[];
  readonly namespace: string;
  readonly pod: string | undefined;
  readonly corefile: string | undefined;
  readonly manifests: readonly string[] | undefined;
  readonly plugin: readonly string[];
  readonly serve: readonly Serve[];
  readonly hostNetwork: boolean;
  readonly image: ImageName | undefined;
}

/** @throws UsageError */
export function readRun(words: readonly string[], values: RunValues): RunFlags {
  const { namespace = 'default', pod, corefile, manifests, plugin = [], net, image } = values;
  const [separator, ...command] = words;
  if (separator !== undefined && separator !== '--')
    throw new UsageError(
      `unexpected argument "${separator}"`,
      `the program begins after "--": cairn run -- ${words.join(' ')}`,
    );
  if (command.length === 0) throw new UsageError('PROGRAM is missing', 'write it after "--"');
  const hostNetwork = net === 'host';
  if (hostNetwork && values.serve)
    throw new UsageError(
      'give --serve or --net host, not both',
      "cluster IPs are no addresses of the machine's network",
    );
  const serve = (values.serve ?? []).map(parseServe);
  return { command, namespace, pod, corefile, manifests, plugin, serve, hostNetwork, image };
}
