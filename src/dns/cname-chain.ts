import { foldName, type Name } from './name.ts';
import { CNAME, isOfType, type ResourceRecord } from './rr.ts';

/** Whether a CNAME chain leads on from a name, and where to, by the folded owner. */
type Chain = ReadonlyMap<Name, Name>;

/** The (folded) name at the end of the CNAME chain that begins at a (folded) name: the name itself without CNAME records, undefined for a loop. */
export function endOfChain(name: Name, targets: Chain): Name | undefined {
  let end = name;
  for (let steps = 0; steps <= targets.size; steps++) {
    const target = targets.get(end);
    if (target === undefined) return end;
    end = target;
  }
  return undefined;
}

/** The CNAME records of an answer as a chain. */
export function chainOf(answer: readonly ResourceRecord[]): Chain {
  const targets = new Map<Name, Name>();
  for (const record of answer) {
    if (isOfType(record, CNAME)) targets.set(foldName(record.name), foldName(record.data.target));
  }
  return targets;
}
