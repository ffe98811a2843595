import { type Name, parentOf } from '../dns/name.ts';
import { type Claim, comesBefore, delegates } from './claims.ts';
import type { NameOptions } from './kinds.ts';

const NONE: readonly never[] = [];

/** The claims by name, each list in the order in which the claims answer. Names above others exist, too (RFC 8020). */
export class NameIndex {
  private readonly options: NameOptions;
  /** Nearly every name has one claim, so an array is made only for a second one. */
  private readonly claims = new Map<Name, Claim | Claim[]>();
  /** How many names exist directly below a name. */
  private readonly children = new Map<Name, number>();
  private readonly zones: ReadonlySet<Name>;
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
    this.zones = new Set(options.zones);
    for (const name of fixed) {
      this.link(name);
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
    return this.claims.has(name) || this.children.has(name) || this.fixed.has(name);
  }

  add(claim: Claim): void {
    for (const name of claim.names) {
      const known = this.claims.get(name);
      if (known === undefined) {
        this.link(name);
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
        this.unlink(name);
      }
      if (this.cuts.has(name) && !this.at(name).some((other) => delegates(other, name))) this.cuts.delete(name);
    }
    this.outside -= claim.outside;
  }

  /** Counts a name that is about to exist, and the names above it that do not exist either, below the next name. */
  private link(name: Name): void {
    if (this.exists(name)) return;
    for (let at = name; !this.zones.has(at); ) {
      const parent = parentOf(at)!;
      const wasThere = this.exists(parent);
      this.children.set(parent, (this.children.get(parent) ?? 0) + 1);
      if (wasThere) return;
      at = parent;
    }
  }

  private unlink(name: Name): void {
    for (let at = name; !this.zones.has(at) && !this.exists(at); ) {
      const parent = parentOf(at)!;
      const left = this.children.get(parent)! - 1;
      if (left > 0) this.children.set(parent, left);
      else this.children.delete(parent);
      at = parent;
    }
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
