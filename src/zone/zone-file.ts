import type { Name } from '../dns/name.ts';
import type { PluginEnv } from '../plugin/env.ts';
import { watchFile } from '../plugin/watched-file.ts';
import { ZoneError } from './builder.ts';
import { type HeldZone, holdZone } from './held-zone.ts';
import { MAX_ZONE_FILE_OCTETS, readZone } from './read.ts';
import type { Zone } from './zone.ts';

/** How often to check whether zone files have changed, by default. */
export const DEFAULT_RELOAD_MS = 60_000;

interface ZoneFileSource {
  /** Absolute. */
  readonly path: string;
  /** The zones that the file is read as, folded. */
  readonly origins: readonly Name[];
  /** How often to check whether the file has changed; 0 for never. */
  readonly reloadMs: number;
  /** Whether a changed file is read even if its serial is the same. */
  readonly byMtime: boolean;
  /** Whether the caller itself tells of what makes its start fail: a mistake in the first text, or a file that is missing and never read again. */
  readonly failsAtFirst?: boolean;
}

/** The zones of a master file, kept up to date. The last good version stays if the file becomes bad or is removed. */
export interface FollowedZoneFile {
  readonly zones: readonly HeldZone[];
  /** Checks whether the file has changed; never rejects. The first check starts the polling. */
  check(): Promise<void>;
  /** Why the file's present text is not served; undefined if it is, or if there is no file. */
  readonly mistake: Error | undefined;
  /** Why what is served is not what the file says now. */
  readonly problem: string | undefined;
  /** When the file was last looked at, on the clock's monotonic scale. */
  readonly lookedAtMs: number | undefined;
  stop(): void;
}

export function followZoneFile(source: ZoneFileSource, { clock, log }: PluginEnv): FollowedZoneFile {
  const { path, origins, byMtime, failsAtFirst = false } = source;
  const zones = origins.map((origin) => holdZone(origin, path, `${path} was not read yet`));
  let mistake: Error | undefined;
  let unraised: string | undefined;
  let isFirst = true;
  let isStopped = false;

  async function load(text: string): Promise<void> {
    const read: [HeldZone, Zone][] = [];
    for (const held of zones) read.push([held, await parse(held.origin, text)]);
    if (isStopped) return;
    mistake = undefined;
    unraised = undefined;
    for (const [held, next] of read) {
      const { serial } = next.soa.data;
      if (byMtime || held.zone?.soa.data.serial !== serial) held.replace(next);
      else {
        unraised = `${path} changed, but its serial ${serial} did not: ${held.origin} stays as it was until the serial is raised`;
        log.warning(unraised);
      }
    }
  }
  async function parse(origin: Name, text: string): Promise<Zone> {
    try {
      return await readZone(origin, path, text);
    } catch (thrown) {
      // An error in a line already names file and line.
      mistake = thrown instanceof ZoneError ? new ZoneError(`${path}: ${thrown.message}`) : (thrown as Error);
      throw mistake;
    }
  }
  const file = watchFile({
    ...{ path, clock, intervalMs: source.reloadMs, maxOctets: MAX_ZONE_FILE_OCTETS, changed: load },
    problem(message) {
      const before = zones.some(({ zone }) => zone) ? ', the last good version is served' : '';
      const isToldByCaller = failsAtFirst && isFirst && (mistake !== undefined || source.reloadMs === 0);
      if (!isToldByCaller) log.warning(`cannot read the zone file${before}: ${message}`);
      for (const held of zones) if (!held.zone) held.replace({ problem: message });
    },
  });
  return {
    zones,
    async check() {
      await file.check();
      isFirst = false;
    },
    stop() {
      isStopped = true;
      file.stop();
    },
    get mistake() {
      return mistake;
    },
    get problem() {
      return file.problem ?? unraised;
    },
    get lookedAtMs() {
      return file.lookedAtMs;
    },
  };
}
