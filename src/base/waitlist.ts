/** A member of a {@link Waitlist}; only the list changes the links. */
export interface Waiting<T> {
  older: T | undefined;
  newer: T | undefined;
}

/**
 * A list of work under way, the oldest first, with at most `limit` members. If one more is added, the oldest is removed.
 *
 * So a client whose queries are never answered displaces its own queries first, and cannot displace queries that are answered soon. The links are in
 * the members, not in a Set: members come and go too fast for one (see {@link TransientMap}).
 */
export class Waitlist<T extends Waiting<T>> {
  readonly limit: number;
  private readonly giveWay: (oldest: T) => void;
  private oldest: T | undefined;
  private newest: T | undefined;
  private count = 0;

  /** `giveWay` ends a member that was just removed from the list. */
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

  /** Removes the one that has waited longest; false if there is none. */
  makeRoom(): boolean {
    const { oldest } = this;
    if (!oldest) return false;
    this.delete(oldest);
    this.giveWay(oldest);
    return true;
  }
}
