import { createServer } from 'node:net';
import { systemCodeOf } from '../../base/errors.ts';
import { attempt, CorefileError, CorefileErrors, inOrder } from '../../corefile/error.ts';
import type { Position } from '../../corefile/position.ts';
import type { CorefileWarning, WarningName } from '../../corefile/warnings.ts';
import { canonicalAddress, localAddresses } from '../../net/addresses.ts';
import { listenTcp } from '../../net/listen.ts';
import { systemClock } from '../../observe/clock.ts';
import { createLogger, type LogSink, LogThreshold } from '../../observe/log.ts';
import { Metrics } from '../../observe/metrics.ts';
import type { ServerProcess } from '../../plugin/env.ts';
import type { BlockSettings } from '../../plugin/plugin.ts';
import { ServerWatch } from '../answer/watch.ts';
import type { BlockConfiguration, Configuration } from '../configuration/configuration.ts';
import { bindAddresses } from '../listeners/bind-addresses.ts';
import { Instance, type InstanceWorld } from './instance.ts';
import { Keeper } from './keeper.ts';

/** What a rehearsal has found besides errors, and is collecting. */
interface Found {
  readonly warnings: CorefileWarning[];
  /** The name of what plugins log now. */
  logged: WarningName;
}

/**
 * Does what a start does with a configuration before it asks other machines or opens sockets, and then undoes it.
 *
 * @param onThisMachine whether the files that the Corefile names, and the interfaces and addresses that it binds, are those of this machine; otherwise
 *   they are left out
 * @returns the warnings about the Corefile
 * @throws CorefileErrors with the errors that a start would have.
 */
export async function rehearse(
  configuration: Configuration,
  onThisMachine = true,
): Promise<readonly CorefileWarning[]> {
  const errors: CorefileError[] = [];
  const found: Found = { warnings: [...configuration.warnings], logged: 'no-effect' };
  const claims = new Keeper().begin();
  const instance = attempt(errors, () => new Instance(configuration, world(found, onThisMachine), claims));
  if (instance && onThisMachine) {
    found.logged = 'file';
    const [loaded] = await Promise.allSettled([instance.load()]);
    attempt(errors, () => {
      if (loaded.status === 'rejected') throw loaded.reason;
    });
    errors.push(...(await addressesElsewhere(configuration.blocks)));
  }
  await instance?.stop(0);
  await claims.abandon();
  const warnings = inOrder([...found.warnings, ...(instance?.warnings ?? [])]);
  if (errors.length > 0) throw new CorefileErrors(inOrder(errors), warnings);
  return warnings;
}

function world(found: Found, onThisMachine: boolean): InstanceWorld {
  const sink = () => {};
  const log = createLogger(sink);
  const [clock, random, metrics] = [systemClock, Math.random, new Metrics()];
  return {
    ...{
      sink,
      logLevel: new LogThreshold('info'),
      log,
      clock,
      random,
      metrics,
      localAddresses,
      threads: 1,
      process: PROCESS,
    },
    recordsSteps: false,
    sinkAt: (position) => warningsIn(found, position),
    watch: new ServerWatch(clock, random, log, metrics),
    bindAddresses: onThisMachine ? bindAddresses : bindElsewhere(found.warnings),
  };
}

const PROCESS: ServerProcess = {
  reloadIfChanged: async () => 'unchanged',
  corefileHash: () => '',
  fatal() {},
  isCheck: true,
  draining: false,
  shuttingDown: false,
};

/** Takes the warnings and errors that a plugin logs as warnings about its directive. */
function warningsIn(found: Found, position: Position): LogSink {
  return (level, line) => {
    if (level !== 'warning' && level !== 'error') return;
    found.warnings.push({ name: found.logged, position, message: line.replace(/^\[\w+\] /, '') });
  };
}

/** What could be the name of an interface (Linux: at most 15 characters); a mistyped address is not. */
const INTERFACE = /^[A-Za-z][\w.-]{0,14}$/;

/** On another machine there may be another interface. */
function bindElsewhere(warnings: CorefileWarning[]): InstanceWorld['bindAddresses'] {
  return (bind) => {
    const errors: CorefileError[] = [];
    const addresses = attempt(errors, () => bindAddresses(bind));
    if (addresses) return addresses;
    const isUnknown = ({ text }: { readonly text: string }) => canonicalAddress(text) === undefined;
    const unknown = [...bind.addresses, ...bind.except].filter(isUnknown);
    if (unknown.length === 0 || !unknown.every(({ text }) => INTERFACE.test(text))) throw errors[0]!;
    for (const { position, detail } of errors) {
      warnings.push({ name: 'other-machine', position, message: `on this machine: ${detail}` });
    }
    return bind.addresses.map(({ text }) => text);
  };
}

/** Errors for addresses in `bind` that this machine does not have. */
async function addressesElsewhere(blocks: readonly BlockConfiguration[]): Promise<CorefileError[]> {
  const targets = blocks.flatMap(
    ({ settings }) => settings.bind?.addresses.map((target) => ({ target, bind: settings.bind! })) ?? [],
  );
  const errors = await Promise.all(targets.map(({ target, bind }) => addressElsewhere(target, bind)));
  return errors.flatMap((error) => error ?? []);
}

async function addressElsewhere(
  { text, position }: { readonly text: string; readonly position: Position },
  { plugin }: NonNullable<BlockSettings['bind']>,
): Promise<CorefileError | undefined> {
  const address = canonicalAddress(text);
  if (address === undefined) return undefined;
  const server = createServer();
  try {
    await listenTcp(server, { address, port: 0 });
    return undefined;
  } catch (thrown) {
    if (systemCodeOf(thrown) !== 'EADDRNOTAVAIL') return undefined;
    const hint = 'bind one that it has, or check with --no-files on another machine';
    return new CorefileError(position, `plugin/${plugin}: this machine does not have the address ${text} - ${hint}`);
  } finally {
    server.close();
  }
}
