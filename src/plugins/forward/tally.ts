import { messageOf } from '../../base/errors.ts';
import { printRcode } from '../../dns/message.ts';
import { UpstreamError } from '../../net/upstream/error.ts';

/** How many of the latest responses of an upstream are remembered. */
export const LATEST = 256;

/** The latest responses of an upstream. */
interface Latest {
  /** The median and the 99th percentile, in milliseconds; undefined before the first response. */
  readonly p50Ms: number | undefined;
  readonly p99Ms: number | undefined;
  readonly rcodes: Readonly<Record<string, number>>;
}

/** Counts the exchanges with one upstream, for its status. Each costs a few numbers; they are evaluated only when somebody asks. */
export class Tally {
  queries = 0;
  failures = 0;
  inFlight = 0;
  /** Exchanges that failed since the last response. */
  failuresInRow = 0;
  /** Why the last of those failed. */
  lastFailure = '';
  private responses = 0;
  private readonly durations = new Float32Array(LATEST);
  private readonly rcodes = new Uint16Array(LATEST);

  sent(): void {
    this.queries++;
    this.inFlight++;
  }

  replied(rcode: number, durationMs: number): void {
    this.inFlight--;
    this.failuresInRow = 0;
    const at = this.responses++ % LATEST;
    this.durations[at] = durationMs;
    this.rcodes[at] = rcode;
  }

  failed(thrown: unknown): void {
    this.inFlight--;
    // A limit of this server says nothing about the upstream.
    if (thrown instanceof UpstreamError && thrown.reason === 'limit') return;
    this.failures++;
    this.failuresInRow++;
    this.lastFailure = messageOf(thrown);
  }

  /** A probe was answered. */
  recovered(): void {
    this.failuresInRow = 0;
  }

  latest(): Latest {
    const count = Math.min(this.responses, LATEST);
    const sorted = this.durations.slice(0, count).sort();
    const percentile = (share: number) => sorted[Math.ceil(share * count) - 1];
    const byRcode = Map.groupBy(this.rcodes.slice(0, count), printRcode);
    const rcodes = Object.fromEntries([...byRcode].map(([rcode, same]) => [rcode, same.length]));
    return { p50Ms: percentile(0.5), p99Ms: percentile(0.99), rcodes };
  }
}
