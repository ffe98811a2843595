import { CairnError } from '../base/errors.ts';
import { foldName, isAtOrBelow, type Name } from '../dns/name.ts';
import { CNAME, type ResourceRecord, rr } from '../dns/rr.ts';
import type { Contents } from './contents.ts';

/** The longest CNAME chain that is followed in the zone. */
const MAX_CNAMES = 10;

/** ExternalName services whose CNAME chain has no end. */
class ExternalNameError extends CairnError {
  constructor(message: string) {
    super('EXTERNAL_NAME', message);
  }
}

/** Where a chain of ExternalName services in one zone ends. */
type Chain =
  /** At a name of the zone, which holds `contents`, or does not exist. */
  | {
      readonly kind: 'inside';
      readonly records: readonly ResourceRecord[];
      readonly name: Name;
      readonly contents: Contents | undefined;
    }
  /** At a name outside of the zone. */
  | { readonly kind: 'outside'; readonly records: readonly ResourceRecord[]; readonly name: Name }
  /** The chain is a loop, or too long. */
  | { readonly kind: 'endless'; readonly error: ExternalNameError };

/** Follows the CNAME record from `owner` to `target` through the (folded) zone; `find` gives the contents of a folded name. */
export function followChain(
  owner: Name,
  target: Name,
  zone: Name,
  ttl: number,
  find: (name: Name) => Contents | undefined,
): Chain {
  const records = [rr(CNAME, owner, ttl, { target })];
  const seen = new Set([foldName(owner)]);
  for (let name = target; ; ) {
    const folded = foldName(name);
    if (!isAtOrBelow(folded, zone)) return { kind: 'outside', records, name };
    if (seen.has(folded)) return endless(`${owner} leads back to ${name}`);
    const contents = find(folded);
    if (contents?.kind !== 'external') return { kind: 'inside', records, name, contents };
    if (records.length === MAX_CNAMES) return endless(`${owner} leads through more than ${MAX_CNAMES} names`);
    seen.add(folded);
    records.push(rr(CNAME, name, ttl, { target: contents.target }));
    name = contents.target;
  }
}

function endless(problem: string): Chain {
  const error = new ExternalNameError(`the ExternalName services form no usable chain of CNAME records: ${problem}`);
  return { kind: 'endless', error };
}
