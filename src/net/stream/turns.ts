/**
 * Divides the turns of the event loop: in each of them a fixed number of pieces of work is done, and what has to wait is done in
 * later ones, the clients in rotation. So nothing that many connections ask for at once keeps others waiting for long.
 */
export class Turns {
  private readonly share: number;
  private left: number;
  private isDue = false;
  private readonly waiting = new Map<string, (() => void)[]>();
  private count = 0;

  /** @param share the pieces of work of one turn */
  constructor(share: number) {
    this.share = share;
    this.left = share;
  }

  /** Whether a piece of work may be done now: it is taken from the share of this turn. */
  take(): boolean {
    if (this.left === 0) return false;
    this.left--;
    this.renewSoon();
    return true;
  }

  /** Calls back in a later turn, when there is something left of its share. */
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
    // What begins to wait meanwhile has had its part of this turn.
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
