/**
 * Limits the work in each turn of the event loop to a fixed number of pieces. More work waits for later turns, with the clients in rotation. So many
 * connections that want work at once do not make others wait for long.
 */
export class Turns {
  private readonly share: number;
  private left: number;
  private isDue = false;
  private readonly waiting = new Map<string, (() => void)[]>();
  private count = 0;

  /** @param share the number of pieces of work in one turn */
  constructor(share: number) {
    this.share = share;
    this.left = share;
  }

  /** Whether a piece of work may be done now; if so, it counts for this turn. */
  take(): boolean {
    if (this.left === 0) return false;
    this.left--;
    this.renewSoon();
    return true;
  }

  /** Calls back in a later turn that has room for the work. */
  wait(client: string, run: () => void): void {
    const others = this.waiting.get(client);
    if (others) others.push(run);
    else this.waiting.set(client, [run]);
    this.count++;
    this.renewSoon();
  }

  private renewSoon(): void {
    if (this.isDue) return;
    this.isDue = true;
    setImmediate(() => this.renew());
  }

  private renew(): void {
    this.isDue = false;
    this.left = this.share;
    // Work that begins to wait meanwhile has had its part of this turn.
    for (let { count } = this; count > 0; count--) this.next()?.();
    if (this.waiting.size > 0) this.renewSoon();
  }

  private next(): (() => void) | undefined {
    if (this.left === 0) return undefined;
    const [first] = this.waiting;
    if (!first) return undefined;
    const [client, tasks] = first;
    const run = tasks.shift();
    this.count--;
    this.waiting.delete(client);
    if (tasks.length > 0) this.waiting.set(client, tasks);
    return run;
  }
}
