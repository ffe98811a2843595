import { ByClient, clientKey } from '../../net/stream/by-client.ts';
import type { Peer } from '../../net/transport.ts';
import type { Cell } from '../../observe/metrics.ts';

/** The maximum number of transfers of whole zones of a listener at once: each holds a version of its zone in memory. */
export const MAX_TRANSFERS = 32;

/** The transfers of whole zones under way. */
export class RunningTransfers {
  private readonly count: Cell;
  private readonly byClient = new ByClient<{ readonly client: string }>();

  /** @param count how many there are, to be seen in metrics. */
  constructor(count: Cell) {
    this.count = count;
  }

  /**
   * Whether a client may have another one. It must have fewer than are free, so one client gets half of them, the next one half of the rest, and slow
   * ones leave room for others (dynamic thresholds, Choudhury and Hahne 1998).
   */
  hasRoomFor({ address }: Peer): boolean {
    return this.byClient.countOf(clientKey(address)) < MAX_TRANSFERS - this.count.value;
  }

  /** The items, of a transfer that is under way from the first one until the last one is taken, or no more are wanted. */
  *during<T>(items: Iterable<T>, { address }: Peer): Generator<T, void> {
    const transfer = { client: clientKey(address) };
    this.byClient.add(transfer);
    this.count.value++;
    try {
      yield* items;
    } finally {
      this.byClient.delete(transfer);
      this.count.value--;
    }
  }
}
