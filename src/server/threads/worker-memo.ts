import { haveMoved } from '../../base/epoch.ts';
import { udpLimit } from '../../dns/message.ts';
import { guestAt } from '../../net/shared-sockets.ts';
import type { Incoming, Peer } from '../../net/transport.ts';
import type { Scan } from '../memo/key.ts';
import { type KeptReply, Memo } from '../memo/memo.ts';
import { repeatReply } from '../memo/repeat-reply.ts';
import { type Counts, type Guests, packTally, type Recipe, type Tally } from './messages.ts';

interface KeptRecipe extends Recipe, KeptReply {
  /** The queries that it has answered since the last report. */
  tallies: Tally[];
}

/** A worker's memo: the recipes from the main thread, and the counts of its answers. */
export class WorkerMemo {
  private readonly epochs: Int32Array;
  private readonly random: () => number;
  private readonly monotonic: () => number;
  private memo: Memo<KeptRecipe>;
  private byGuest = new Map<string, Memo<KeptRecipe>>();
  /** Recipes that have tallies. */
  private used: KeptRecipe[] = [];
  private forgotten: number[] = [];

  constructor(epochs: Int32Array, guests: Guests, monotonic: () => number, random: () => number) {
    this.epochs = epochs;
    this.monotonic = monotonic;
    this.random = random;
    this.memo = this.emptyMemo();
    this.handOver(guests);
  }

  /** Whether recipes were dropped that the main thread still counts as known here. */
  get hasForgotten(): boolean {
    return this.forgotten.length > 0;
  }

  /** The response to a query by a recipe, which is counted; undefined if the main thread must be asked. */
  repeat({ bytes, local }: Incoming, scan: Scan, receivedMs: number): Buffer | undefined {
    const memo = this.memoAt(local);
    const recipe = memo.get(scan, receivedMs);
    if (!recipe || recipe.bytes.length > udpLimit(scan.udpSize, recipe.udpSize)) return undefined;
    const reply = repeatReply(recipe, bytes, scan, receivedMs, this.random);
    // A client's address has the same family as the address that it asks.
    const tally = this.tallyOf(recipe, bytes.length, local.address.includes(':'));
    tally.count++;
    tally.durationMs += this.monotonic() - receivedMs;
    return reply;
  }

  private memoAt(local: Peer): Memo<KeptRecipe> {
    // Reading the address costs time.
    if (this.byGuest.size === 0) return this.memo;
    const guest = guestAt(local.address, this.byGuest);
    return guest === undefined ? this.memo : this.byGuest.get(guest)!;
  }

  learn(recipe: Recipe): void {
    const memo = recipe.guest === undefined ? this.memo : this.byGuest.get(recipe.guest);
    if (memo) memo.set(recipe.key, { ...recipe, tallies: [], used: false });
    else this.forgotten.push(recipe.id);
  }

  /** Drops all recipes; from now on these addresses have their own blocks. */
  handOver(guests: Guests): void {
    for (const memo of [this.memo, ...this.byGuest.values()]) memo.clear();
    this.byGuest = new Map(guests.map((guest) => [guest, this.emptyMemo()]));
  }

  /** The counts for a report; the next report starts from zero. */
  takeCounts(): Omit<Counts, 'stats'> {
    const rows: number[] = [];
    for (const recipe of this.used) {
      for (const tally of recipe.tallies) packTally(rows, recipe.id, tally);
      recipe.tallies = [];
    }
    const { forgotten } = this;
    this.used = [];
    this.forgotten = [];
    const memos = [[undefined, this.memo] as const, ...this.byGuest].map(([guest, { size, totalOctets }]) => {
      return { guest, entries: size, octets: totalOctets };
    });
    return { tallies: Float64Array.from(rows), forgotten, memos };
  }

  private tallyOf(recipe: KeptRecipe, queryOctets: number, isIPv6: boolean): Tally {
    const { tallies } = recipe;
    for (const tally of tallies) if (tally.queryOctets === queryOctets && tally.isIPv6 === isIPv6) return tally;
    if (tallies.length === 0) this.used.push(recipe);
    const tally = { queryOctets, isIPv6, count: 0, durationMs: 0 };
    tallies.push(tally);
    return tally;
  }

  private emptyMemo(): Memo<KeptRecipe> {
    return new Memo<KeptRecipe>(
      (recipe, nowMs) => nowMs >= recipe.untilMs || haveMoved(this.epochs, recipe.slots, recipe.values),
      ({ id }) => this.forgotten.push(id),
    );
  }
}
