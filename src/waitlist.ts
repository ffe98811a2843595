/** What stands in a {@link Waitlist}; the links are the list's own. */
export interface Waiting<T> {
  older: T | undefined;
  newer: T | undefined;
}

/**
 * What is under way, in the order in which it began, at most `limit` of it: for one more, the one that has waited longest gives way.
 *
 * So a client that makes many wait for what never comes loses its own first, and what is answered soon is out of its reach. The
 * links are in the members, not in a Set: members come and go too fast for one (see {@link TransientMap}).
 */
export class Waitlist<T extends Waiting<T>> {
  readonly limit: number;
  private readonly giveWay: (oldest: T) => void;
  private oldest: T | undefined;
  private newest: T | undefined;
  private count = 0;

  /** `giveWay` ends a member that is no longer in the list. */
  constructor(limit: number, giveWay: (oldest: T) => void) {
    this.limit = limit;
    this.giveWay = giveWay;
  }

  get size(): number {
    return this.count;
  }

  /** Adds a member that is in no list. */
  add(member: T): void {
    while (this.count >= this.limit && this.makeRoom());
    member.older = this.newest;
    if (this.newest) this.newest.newer = member;
    else this.oldest = member;
    this.newest = member;
    this.count++;
  }

  /** Takes a member out; false if it is out already. */
  delete(member: T): boolean {
    const { older, newer } = member;
    if (!older && this.oldest !== member) return false;
    if (older) older.newer = newer;
    else this.oldest = newer;
    if (newer) newer.older = older;
    else this.newest = older;
    member.older = undefined;
    member.newer = undefined;
    this.count--;
    return true;
  }

  /** Lets the one that has waited longest give way; false if there is none. */
  makeRoom(): boolean {
    const { oldest } = this;
    if (!oldest) return false;
    this.delete(oldest);
    this.giveWay(oldest);
    return true;
  }
}
