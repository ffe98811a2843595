import { foldName, type Name } from './name.ts';
import { CNAME, isOfType, type ResourceRecord } from './rr.ts';

/** How many CNAME records of a response can be part of a chain. A resolver follows fewer; a sender may put thousands into a response. */
export const MAX_CHAIN = 100;

/** Where CNAME records lead, by their folded owners. */
export class CnameChain {
  private readonly targets = new Map<Name, Name>();

  /** Whether there is room for more records. */
  get hasRoom(): boolean {
    return this.targets.size < MAX_CHAIN;
  }

  add(owner: Name, target: Name): void {
    if (this.hasRoom) this.targets.set(foldName(owner), foldName(target));
  }

  /** The (folded) name to which a (folded) name leads: the name itself without CNAME records, undefined for a loop. */
  endOf(name: Name): Name | undefined {
    let end = name;
    for (let steps = 0; steps <= this.targets.size; steps++) {
      const target = this.targets.get(end);
      if (target === undefined) return end;
      end = target;
    }
    return undefined;
  }
}

/** The CNAME records of an answer. */
export function chainOf(answer: readonly ResourceRecord[]): CnameChain {
  const chain = new CnameChain();
  for (const record of answer) {
    if (isOfType(record, CNAME)) chain.add(record.name, record.data.target);
  }
  return chain;
}
