import { isAtOrBelow, type Name, parentOf } from '../dns/name.ts';

interface Step {
  /** The next node above. */
  readonly node: Name;
  /** The labels that lead from it towards the name. */
  readonly label: string;
}

/**
 * Which names exist because of names below them (RFC 8020). Its nodes are the zones, the names that were added, and the names at which the ways to
 * several of these part. Others cost nothing: a host name may have 126 labels, and an object very many such names.
 */
export class NameTree {
  private readonly zones: ReadonlySet<Name>;
  private readonly isAdded: (name: Name) => boolean;
  /** The next nodes below each node, by the label that leads to them. Most nodes have one, so a map is made only for a second one. */
  private readonly below = new Map<Name, Name | Map<string, Name>>();

  /** `isAdded` tells the names that are in the tree themselves: from the call of {@link add} on, until that of {@link remove}. */
  constructor(zones: readonly Name[], isAdded: (name: Name) => boolean) {
    this.zones = new Set(zones);
    this.isAdded = isAdded;
  }

  /** The number of nodes with others below them. */
  get size(): number {
    return this.below.size;
  }

  exists(name: Name): boolean {
    if (this.isNode(name)) return true;
    const next = this.next(this.above(name));
    return next !== undefined && isAtOrBelow(next, name);
  }

  /** The closest existing name above a name of a zone. */
  closestAbove(name: Name): Name {
    const step = this.above(name);
    const next = this.next(step);
    return next === undefined ? step.node : commonName(parentOf(name)!, next);
  }

  /** Adds a name of a zone that is not there yet. */
  add(name: Name): void {
    if (this.isNode(name)) return;
    const step = this.above(name);
    const next = this.next(step);
    const fork = next === undefined ? name : commonName(name, next);
    this.put(step.node, fork);
    if (fork !== name) this.put(fork, name);
    if (next !== undefined) this.put(fork, next);
  }

  /** Removes a name that was added. */
  remove(name: Name): void {
    const next = this.below.get(name);
    if (this.zones.has(name) || next instanceof Map) return;
    const { node, label } = this.above(name);
    if (next !== undefined) {
      this.below.delete(name);
      this.put(node, next);
      return;
    }
    const siblings = this.below.get(node);
    if (!(siblings instanceof Map)) {
      this.below.delete(node);
      return;
    }
    siblings.delete(label);
    if (siblings.size > 1) return;
    const [last] = siblings.values();
    this.below.set(node, last!);
    // The ways no longer part there.
    if (!this.isAdded(node)) this.remove(node);
  }

  private isNode(name: Name): boolean {
    return this.isAdded(name) || this.below.has(name) || this.zones.has(name);
  }

  private above(name: Name): Step {
    let at = name;
    let node = parentOf(at)!;
    while (!this.isNode(node)) {
      at = node;
      node = parentOf(at)!;
    }
    return { node, label: at.slice(0, at.length - node.length) };
  }

  private next({ node, label }: Step): Name | undefined {
    const next = this.below.get(node);
    if (next instanceof Map) return next.get(label);
    return next !== undefined && labelTo(next, node) === label ? next : undefined;
  }

  /** Sets the next node in the direction of `next`. */
  private put(node: Name, next: Name): void {
    const known = this.below.get(node);
    const label = labelTo(next, node);
    if (known instanceof Map) known.set(label, next);
    else if (known === undefined || labelTo(known, node) === label) this.below.set(node, next);
    else this.below.set(node, new Map([known, next].map((each) => [labelTo(each, node), each])));
  }
}

/** The label that leads from a node to a name below it. */
function labelTo(name: Name, node: Name): string {
  let at = name;
  for (let parent = parentOf(at)!; parent !== node; parent = parentOf(at)!) at = parent;
  return at.slice(0, at.length - node.length);
}

/** The longest name that two names are at or below. */
function commonName(a: Name, b: Name): Name {
  let common = a;
  while (!isAtOrBelow(b, common)) common = parentOf(common)!;
  return common;
}
