import type { Cell } from '../observe/metrics.ts';
import type { Lookup } from '../plugin/lookup.ts';
import { type Epoch, repeatUntilMoved } from '../plugin/repeat.ts';
import type { Repeat } from '../plugin/reply.ts';
import type { Serial } from '../registry/serial.ts';
import type { Contents } from './contents.ts';
import type { ClusterView } from './view.ts';

/** Says how long a reply holds, so that a change affects only the replies that depend on it. Repetitions count in `cell`. */
export type RepeatOf = (contents: Contents | undefined, lookup: Lookup, cell: Cell) => Repeat | undefined;

export function createRepeatOf({ registry, services, options }: ClusterView, serial: Serial): RepeatOf {
  const { epochs } = registry;
  const all = [epochs.all];
  const namespaces = [epochs.namespaces];

  /** A negative reply carries the zone's serial, which moves with every change. */
  const epochsOf = (contents: Contents | undefined, isHit: boolean): readonly Epoch[] => {
    if (!isHit || !contents) return all;
    if (contents.kind === 'pod') return options.pods === 'insecure' ? namespaces : all;
    if (contents.kind !== 'service' && contents.kind !== 'headless' && contents.kind !== 'endpoint') return all;
    const service = services.service(contents.namespace, contents.service);
    return service ? [epochs.of(service), epochs.namespaces] : all;
  };
  return (contents, lookup, cell) => {
    // Name servers depend on the machine's addresses, which may change without an event.
    if (contents?.kind === 'apex' || contents?.kind === 'nameserver' || lookup.kind === 'unready') return undefined;
    const isHit = lookup.kind === 'hit';
    const repeat = repeatUntilMoved(epochsOf(contents, isHit), cell);
    return { ...repeat, ...(!isHit && { untilMs: serial.holdsUntilMs }), caseAsAsked: true };
  };
}
