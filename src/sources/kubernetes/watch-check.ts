import type { ApiClient } from './client.ts';
import { ApiConnectionError, WentBackError } from './errors.ts';
import { readList } from './list-reader.ts';
import type { WatchMetrics } from './metrics.ts';
import { pathOf, type Resource } from './resource.ts';
import { compareVersions } from './version.ts';

/** Servers send a bookmark once a minute if the version has moved. A watch that is silent for longer is checked. */
const SILENCE_MS = { least: 64_000, spread: 11_000 };
/** Lists because of silence become rare: after 2, 4, 8, 16 and 32 silences in a row, then after every 32 more. */
const RAREST_LIST = 32;

interface WatchCheckEnv {
  readonly api: ApiClient;
  readonly random: () => number;
  readonly metrics: WatchMetrics;
}

/**
 * Distinguishes a watch without events from one that is dead.
 *
 * After etcd was restored from a snapshot, a server may accept a watch from a version that it has not reached. It sends nothing until it reaches that
 * version, so changes are missed. A dead connection sends nothing either. So the server is asked for its version when a watch is resumed, and
 * whenever one is silent.
 */
export class WatchCheck {
  private readonly resource: Resource;
  private readonly namespace: string | undefined;
  private readonly env: WatchCheckEnv;
  /** The number of silences in a row during which the server had moved on. */
  private silences = 0;

  constructor(resource: Resource, namespace: string | undefined, env: WatchCheckEnv) {
    this.resource = resource;
    this.namespace = namespace;
    this.env = env;
  }

  /** How long a watch may be silent; random, so that checks do not come together. */
  silenceMs(): number {
    return SILENCE_MS.least + Math.floor(this.env.random() * SILENCE_MS.spread);
  }

  /** A watch has brought something. */
  heard(): void {
    this.silences = 0;
  }

  /**
   * Compares the server's version with that of a watch.
   *
   * @throws WentBackError if the server's version is earlier, and what {@link ApiClient.get} throws.
   */
  async confirm(version: string, signal: AbortSignal): Promise<'same' | 'ahead'> {
    const { metrics } = this.env;
    let current: string;
    try {
      current = await this.currentVersion(signal);
    } catch (thrown) {
      if (!signal.aborted) metrics.probed('failed');
      throw thrown;
    }
    const order = compareVersions(current, version);
    const result = order === undefined || order > 0 ? 'ahead' : order === 0 ? 'same' : 'behind';
    metrics.probed(result);
    if (result === 'behind') throw new WentBackError(version, current);
    return result;
  }

  /**
   * What to do about a silent watch. If the server has moved on, either other resources have changed, or the watch is dead. It is then resumed on
   * another connection, which misses nothing. If it stays silent, the server itself may have lost events, and a list is needed.
   *
   * @throws what {@link confirm} throws.
   */
  async afterSilence(version: string, signal: AbortSignal): Promise<'nothing' | 'resume' | 'list'> {
    if ((await this.confirm(version, signal)) === 'same') {
      this.silences = 0;
      return 'nothing';
    }
    this.silences++;
    const isPowerOfTwo = (this.silences & (this.silences - 1)) === 0;
    const isListed =
      this.silences < RAREST_LIST ? isPowerOfTwo && this.silences > 1 : this.silences % RAREST_LIST === 0;
    return isListed ? 'list' : 'resume';
  }

  /**
   * The current version of the server's store. The request has no version, so the server must not answer from a cache that is behind. It asks for one
   * object without selectors, since finding a selected one may take the server long.
   */
  private async currentVersion(signal: AbortSignal): Promise<string> {
    const { chunks } = await this.env.api.get(`${pathOf(this.resource, this.namespace)}?limit=1`, signal);
    const { version } = await readList(
      chunks,
      () => {},
      () => {},
    );
    if (version === undefined) throw new ApiConnectionError('the list has no resourceVersion');
    return version;
  }
}
