import { CairnError, messageOf } from '../../base/errors.ts';
import { listed } from '../../base/listed.ts';
import type { Name } from '../../dns/name.ts';
import { isNewer } from '../../dns/serial.ts';
import { type Peer, printPeer } from '../../net/transport.ts';
import { UpstreamError } from '../../net/upstream/error.ts';
import { StreamSession } from '../../net/upstream/stream-session.ts';
import type { PluginEnv } from '../../plugin/env.ts';
import { type FetchedZone, fetchChanges, fetchSerial, fetchZone, followZone, RcodeError } from '../../zone/fetch.ts';
import type { Zone } from '../../zone/zone.ts';

/** The functions that ask primary servers. */
export interface Fetch {
  readonly serial: typeof fetchSerial;
  readonly zone: typeof fetchZone;
  readonly changes: typeof fetchChanges;
  /** Left out if zones are only looked at from time to time, without a connection for each that stays open. */
  readonly follow?: typeof followZone;
}

export const FETCH: Fetch = { serial: fetchSerial, zone: fetchZone, changes: fetchChanges, follow: followZone };

export interface PrimarySource {
  /** Folded. */
  readonly origin: Name;
  /** The primary servers, asked in this order. */
  readonly from: readonly Peer[];
  /** The functions that ask them. */
  readonly fetch?: Fetch;
}

type Result = 'transferred' | 'updated' | 'current' | 'failed';

/** The primary servers of a zone. */
export class Primaries {
  private readonly origin: Name;
  private readonly from: readonly Peer[];
  private readonly fetch: Fetch;
  private readonly env: Pick<PluginEnv, 'clock' | 'log'>;
  private readonly signal: AbortSignal;
  private readonly count: (result: Result) => void;
  /** Servers that gave no differences the last time. Next time they are asked for the whole zone. */
  private readonly reluctant = new Set<Peer>();
  /** Servers that let queries wait for the next version, with the connections for that. */
  private readonly sessions = new Map<Peer, StreamSession>();
  private readonly problems = new Map<Peer, string>();

  constructor({ origin, from, fetch = FETCH }: PrimarySource, env: PluginEnv, signal: AbortSignal) {
    const help = 'Refreshes of a zone from its primary servers, by result.';
    const family = env.metrics.counter('cairn_secondary_refreshes_total', help, ['zone', 'result']);
    const cells = Object.fromEntries(
      ['transferred', 'updated', 'current', 'failed'].map((result) => [result, family.cell(origin, result)]),
    );
    this.count = (result) => void cells[result]!.value++;
    this.origin = origin;
    this.from = from;
    this.fetch = fetch;
    this.env = env;
    this.signal = signal;
    signal.addEventListener('abort', () => {
      for (const session of this.sessions.values()) session.close(signal.reason);
    });
  }

  /** Whether one of the servers lets queries wait for the next version. */
  get isFollowed(): boolean {
    return this.sessions.size > 0;
  }

  /** Why servers that were asked did not respond; undefined if they all did. */
  get problem(): string | undefined {
    const all = [...this.problems].map(([peer, problem]) => `${printPeer(peer)}: ${problem}`);
    return all.length > 0 ? listed(all) : undefined;
  }

  /**
   * A newer version than the present one, from the first server that has one; `current` if no server has a newer one, `failed` if no server responded. A
   * server that lets queries wait has its next version waited for, for a minute at most.
   */
  async ask(known: Zone | undefined): Promise<FetchedZone | 'current' | 'failed'> {
    let isCurrent = false;
    for (const peer of this.from) {
      try {
        const session = this.sessions.get(peer);
        const found = await (known && session ? this.follow(known, peer, session) : this.look(known, peer));
        this.problems.delete(peer);
        if (found !== 'current') return this.got(found, peer);
        isCurrent = true;
        if (session) break;
        // Another server may already have the new version.
      } catch (thrown) {
        if (this.signal.aborted) return 'failed';
        this.report(peer, messageOf(thrown));
      }
    }
    const result = isCurrent ? 'current' : 'failed';
    this.count(result);
    return result;
  }

  private got(found: FetchedZone, peer: Peer): FetchedZone {
    const { zone, differences, isFollowable } = found;
    if (differences === undefined) this.setFollowable(peer, isFollowable ?? false);
    this.count(differences ? 'updated' : 'transferred');
    // A followed zone may have ten versions a second.
    if (!differences || !this.sessions.has(peer)) {
      const { log } = this.env;
      log.info(`${this.origin} has serial ${zone.soa.data.serial} from ${printPeer(peer)}: ${zone.size} records`);
    }
    return found;
  }

  private setFollowable(peer: Peer, isFollowable: boolean): void {
    const session = this.sessions.get(peer);
    if (!isFollowable) {
      session?.close(undefined);
      this.sessions.delete(peer);
    } else if (!session && this.fetch.follow) {
      this.sessions.set(peer, new StreamSession(peer, this.env.clock));
    }
  }

  /** Waits for the next version. If it does not fit, the zone is copied whole. */
  private async follow(known: Zone, peer: Peer, session: StreamSession): Promise<FetchedZone | 'current'> {
    try {
      return await this.fetch.follow!(known, session);
    } catch (thrown) {
      session.close(undefined);
      if (thrown instanceof UpstreamError || thrown instanceof RcodeError || !(thrown instanceof CairnError))
        throw thrown;
      return this.whole(peer, `its changes are of no use: ${messageOf(thrown)}`);
    }
  }

  /** Asks for the serial, then for what is newer. */
  private async look(known: Zone | undefined, peer: Peer): Promise<FetchedZone | 'current'> {
    const { fetch, origin, options, reluctant } = this;
    if (known && !isNewer(await fetch.serial(origin, peer, options), known.soa.data.serial)) return 'current';
    if (!known || reluctant.delete(peer)) return fetch.zone(origin, peer, options);
    try {
      return await fetch.changes(known, peer, options);
    } catch (thrown) {
      reluctant.add(peer);
      if (!mayGiveWhole(thrown)) throw thrown;
      return this.whole(peer, `IXFR failed: ${messageOf(thrown)}`);
    }
  }

  private whole(peer: Peer, why: string): Promise<FetchedZone> {
    this.env.log.info(`${this.origin} is copied whole from ${printPeer(peer)}: ${why}`);
    return this.fetch.zone(this.origin, peer, this.options);
  }

  private get options() {
    return { clock: this.env.clock, signal: this.signal };
  }

  /** Logs a problem once, until there is another one or none. */
  private report(peer: Peer, problem: string): void {
    if (this.problems.get(peer) !== problem) {
      this.env.log.warning(`${this.origin} cannot be copied from ${printPeer(peer)}: ${problem}`);
    }
    this.problems.set(peer, problem);
  }
}

/** Whether a server that gave no differences may still give the zone: it has responded. */
function mayGiveWhole(thrown: unknown): boolean {
  if (thrown instanceof UpstreamError) return thrown.reason === 'malformed' || thrown.reason === 'closed';
  return thrown instanceof CairnError;
}
