import type { Epoch } from '../../base/epoch.ts';
import type { Repetitions } from '../../plugin/plugin.ts';
import type { Responder } from '../answer/responder.ts';
import type { Block } from '../answer/router.ts';
import type { MemoEntry } from '../memo/entry.ts';
import { readKey } from '../memo/key.ts';
import { type Counts, type Recipe, type Tally, unpackTallies } from './messages.ts';

interface Taught {
  readonly entry: MemoEntry;
  readonly responder: Responder;
  readonly type: number;
  readonly do: boolean;
}

/** The recipes that one worker has, for reading its reports: those that it keeps, and those that it dropped since its last report. */
export class TaughtRecipes {
  private readonly byId = new Map<number, Taught>();
  private readonly known = new Set<MemoEntry>();
  private readonly chains: Epoch;
  private lastId = 0;

  /** `chains` moves when other chains answer, which makes every recipe invalid. */
  constructor(chains: Epoch) {
    this.chains = chains;
  }

  /**
   * The recipe of an entry that is valid at this moment; undefined if the worker has it, or if its block or a follower must see each query.
   *
   * The entry was made or checked in this turn of the event loop, so no epoch has moved since. The worker checks the epochs before it uses the
   * recipe, so it sees every later change.
   */
  teach(key: string, entry: MemoEntry, responder: Responder, guest: string | undefined): Recipe | undefined {
    const { followers } = responder.watch;
    if (followers.all.length > 0 || this.known.has(entry) || !isObservedInBulk(entry.route.block)) return undefined;
    const id = ++this.lastId;
    this.known.add(entry);
    this.byId.set(id, { entry, responder, ...readKey(key) });
    const { runs, ttls, nextMs, anyCase, repeat, route, untilMs } = entry;
    // They are sent in a moment, and may count down until then.
    const bytes = ttls.length > 0 ? Uint8Array.from(entry.bytes) : entry.bytes;
    const epochs = [...repeat.epochs, this.chains, followers.epoch];
    return {
      ...{ id, guest, key, bytes, runs, ttls, nextMs, anyCase, untilMs, udpSize: route.block.udpSize },
      slots: epochs.map(({ slot }) => slot),
      values: epochs.map(({ sharedValue }) => sharedValue),
    };
  }

  /** Counts the worker's answers, and forgets the recipes that it dropped. */
  take({ tallies, forgotten }: Pick<Counts, 'tallies' | 'forgotten'>): void {
    unpackTallies(tallies, (id, tally) => {
      const taught = this.byId.get(id);
      if (taught) taught.responder.memo.countRepetitions(taught.entry, repetitionsOf(taught, tally));
    });
    for (const id of forgotten) {
      const taught = this.byId.get(id);
      if (taught) this.known.delete(taught.entry);
      this.byId.delete(id);
    }
  }
}

function isObservedInBulk({ observers, tap }: Block): boolean {
  return !tap && observers.every((plugin) => plugin.observeRepetitions);
}

function repetitionsOf({ entry, responder, type, do: hasDo }: Taught, tally: Tally): Repetitions {
  return {
    protocol: 'udp',
    server: responder.server,
    zone: entry.route.zone,
    type,
    do: hasDo,
    queryOctets: tally.queryOctets,
    isIPv6: tally.isIPv6,
    reply: entry.reply,
    octets: entry.bytes.length,
    count: tally.count,
    durationMs: tally.durationMs,
  };
}
