import type { Name } from '../dns/name.ts';
import { type Claim, comesBefore, delegates } from './claims.ts';
import type { NameOptions } from './kinds.ts';
import { NameTree } from './name-tree.ts';

const NONE: readonly never[] = [];

/** The claims by name, each list in the order in which the claims answer. Names above others exist, too (RFC 8020). */
export class NameIndex {
  private readonly options: NameOptions;
  /** Nearly every name has one claim, so an array is made only for a second one. */
  private readonly claims = new Map<Name, Claim | Claim[]>();
  private readonly tree: NameTree;
  private readonly fixed = new Set<Name>();
  /** The names with several claims. */
  readonly crowded = new Set<Name>();
  /** The names with NS records of a DNSEndpoint. */
  readonly cuts = new Set<Name>();
  /** How many names of objects lie in none of the zones. */
  outside = 0;

  /** `fixed` are names that exist in any case. */
  constructor(options: NameOptions, fixed: readonly Name[]) {
    this.options = options;
    this.tree = new NameTree(options.zones, (name) => this.claims.has(name) || this.fixed.has(name));
    for (const name of fixed) {
      this.tree.add(name);
      this.fixed.add(name);
    }
  }

  /** The number of names with a claim. */
  get size(): number {
    return this.claims.size;
  }

  names(): readonly Name[] {
    return [...this.claims.keys()];
  }

  at(name: Name): readonly Claim[] {
    const known = this.claims.get(name);
    if (known === undefined) return NONE;
    return Array.isArray(known) ? known : [known];
  }

  exists(name: Name): boolean {
    return this.tree.exists(name);
  }

  /** The closest existing name above a name of a zone. */
  closestAbove(name: Name): Name {
    return this.tree.closestAbove(name);
  }

  add(claim: Claim): void {
    for (const name of claim.names) {
      const known = this.claims.get(name);
      if (known === undefined) {
        this.tree.add(name);
        this.claims.set(name, claim);
      } else {
        const all = Array.isArray(known) ? known : [known];
        all.splice(placeOf(claim, all, this.options), 0, claim);
        this.claims.set(name, all);
        this.crowded.add(name);
      }
      if (delegates(claim, name)) this.cuts.add(name);
    }
    this.outside += claim.outside;
  }

  remove(claim: Claim): void {
    for (const name of claim.names) {
      const known = this.claims.get(name)!;
      if (Array.isArray(known)) {
        known.splice(known.indexOf(claim), 1);
        if (known.length === 1) {
          this.claims.set(name, known[0]!);
          this.crowded.delete(name);
        }
      } else {
        this.claims.delete(name);
        if (!this.fixed.has(name)) this.tree.remove(name);
      }
      if (this.cuts.has(name) && !this.at(name).some((other) => delegates(other, name))) this.cuts.delete(name);
    }
    this.outside -= claim.outside;
  }
}

/** Where the claim belongs among others that are in order. */
function placeOf(claim: Claim, others: readonly Claim[], options: NameOptions): number {
  let low = 0;
  let high = others.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (comesBefore(others[middle]!, claim, options)) low = middle + 1;
    else high = middle;
  }
  return low;
}
