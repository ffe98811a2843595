import { attempt, type CorefileError, CorefileErrors, type CorefileWarning, inOrder } from '../../corefile/error.ts';
import { localAddresses } from '../../net/addresses.ts';
import { systemClock } from '../../observe/clock.ts';
import { createLogger } from '../../observe/log.ts';
import { Metrics } from '../../observe/metrics.ts';
import type { ServerProcess } from '../../plugin/env.ts';
import { ServerWatch } from '../answer/watch.ts';
import type { Configuration } from '../configuration/configuration.ts';
import { bindAddresses } from '../listeners/bind-addresses.ts';
import { Instance, type InstanceWorld } from './instance.ts';
import { Keeper } from './keeper.ts';

/**
 * Does what a start does with a configuration before it reads files, asks servers or opens sockets, and then undoes it.
 *
 * @returns the warnings about the Corefile
 * @throws CorefileErrors with the errors that a start would have on any machine.
 */
export async function rehearse(configuration: Configuration): Promise<readonly CorefileWarning[]> {
  const errors: CorefileError[] = [];
  const warnings = [...configuration.warnings];
  const claims = new Keeper().begin();
  const instance = attempt(errors, () => new Instance(configuration, world(warnings), claims));
  await instance?.stop(0);
  await claims.abandon();
  if (errors.length > 0) throw new CorefileErrors(errors, inOrder(warnings));
  return inOrder([...warnings, ...instance!.warnings]);
}

function world(warnings: CorefileWarning[]): InstanceWorld {
  const sink = () => {};
  const [clock, random, metrics] = [systemClock, Math.random, new Metrics()];
  return {
    ...{ sink, clock, random, metrics, localAddresses, threads: 1, process: PROCESS },
    watch: new ServerWatch(clock, random, createLogger(sink), metrics),
    bindAddresses: bindHereOrElsewhere(warnings),
  };
}

const PROCESS: ServerProcess = {
  reloadIfChanged: async () => 'unchanged',
  corefileHash: () => '',
  fatal() {},
  shuttingDown: false,
};

/** The Corefile may be for a machine with other interfaces, so an unknown interface is only a warning here. */
function bindHereOrElsewhere(warnings: CorefileWarning[]): InstanceWorld['bindAddresses'] {
  return (bind) => {
    const errors: CorefileError[] = [];
    const addresses = attempt(errors, () => bindAddresses(bind));
    warnings.push(...errors.map(({ position, detail }) => ({ position, message: `on this machine: ${detail}` })));
    return addresses ?? bind.addresses.map(({ text }) => text);
  };
}
