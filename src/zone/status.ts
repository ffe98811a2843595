import type { PluginState, WatchStatus } from '../admin/protocol/index.ts';
import type { Clock } from '../observe/clock.ts';
import type { HeldZone } from './held-zone.ts';
import type { FollowedZoneFile } from './zone-file.ts';

/** Signatures that expire sooner than this should have been renewed. */
const RENEWED_MS = 86_400_000;

/** What is known of a zone's source. */
interface ZoneSource {
  /** The file or the servers. */
  readonly name: string;
  /** When it was last known that the zone is up to date, on the clock's monotonic scale. */
  readonly seenAtMs: number | undefined;
  /** Why that cannot be known now. */
  readonly problem: string | undefined;
  /** Whether it may still come, as nothing has failed yet. */
  readonly isAwaited?: boolean;
}

/** The status of a zone. */
export function zoneWatch(held: HeldZone, source: ZoneSource, clock: Clock): WatchStatus {
  const { origin, zone } = held;
  const { name, seenAtMs } = source;
  const [state, problem] = judge(held, source, clock);
  return {
    what: `${origin} of ${name}`,
    state,
    objects: zone?.size ?? 0,
    ...(seenAtMs !== undefined && { ageSeconds: (clock.monotonic() - seenAtMs) / 1000 }),
    ...(problem !== undefined && { problem }),
    ...(zone && { serial: zone.soa.data.serial }),
    ...(zone?.signedUntil !== undefined && { expiresInSeconds: zone.signedUntil - clock.now() / 1000 }),
  };
}

function judge(
  { zone, problem: gap }: HeldZone,
  { problem, isAwaited }: ZoneSource,
  clock: Clock,
): [PluginState, string?] {
  if (!zone) {
    const why = problem === undefined || gap.includes(problem) ? gap : `${gap} (${problem})`;
    return isAwaited ? ['waiting'] : ['failing', why];
  }
  const leftMs = zone.signedUntil === undefined ? Number.POSITIVE_INFINITY : zone.signedUntil * 1000 - clock.now();
  if (leftMs < 0) return ['failing', 'signatures of the zone have expired: sign it again'];
  if (problem !== undefined) return ['degraded', problem];
  return leftMs < RENEWED_MS ? ['degraded', 'signatures of the zone expire within a day: sign it again'] : ['ok'];
}

/** The status of the zones of a file. */
export function zoneFileWatches(
  { zones, problem, lookedAtMs }: FollowedZoneFile,
  path: string,
  clock: Clock,
): WatchStatus[] {
  return zones.map((held) => zoneWatch(held, { name: path, seenAtMs: lookedAtMs, problem }, clock));
}

/** What the summary says of zones, beside the problem. */
export function aboutZones(count: number) {
  return {
    wellSaid: count === 1 ? 'The zone is served.' : `${count} zones are served.`,
    effect: 'A zone is not served as it should be',
    remedy: 'What was good last is served, if there was anything.',
  };
}
