import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { WatchStatus } from '../../admin/protocol/index.ts';
import { messageOf } from '../../base/errors.ts';
import { listed } from '../../base/listed.ts';
import { isAtOrBelow, type Name } from '../../dns/name.ts';
import type { Timer } from '../../observe/clock.ts';
import type { Kept, PluginEnv } from '../../plugin/env.ts';
import { fileWatch } from '../../plugin/file-status.ts';
import { Epoch } from '../../plugin/repeat.ts';
import type { HeldZone } from '../../zone/held-zone.ts';
import { zoneFileWatches } from '../../zone/status.ts';
import { type FollowedZoneFile, followZoneFile } from '../../zone/zone-file.ts';
import { originOf } from './file-names.ts';
import type { AutoUse } from './options.ts';

/** The maximum number of zones of a folder; files beyond it are left out. */
const MAX_ZONES = 10_000;

/** The zones of a folder, kept up to date. */
export interface ZoneDirectory extends Kept {
  zone(origin: Name): HeldZone | undefined;
  readonly zones: readonly HeldZone[];
  /** Moves whenever a zone comes or goes. */
  readonly epoch: Epoch;
  /** Calls `listener` after zones came or went. Returns a function that ends it. */
  onZones(listener: () => void): () => void;
  /** The status of the folder, then of its zones. */
  watches(): readonly WatchStatus[];
  /** Checks for changes. @throws Error if the folder cannot be read and no zone is known yet. */
  check(): Promise<void>;
}

export function followDirectory(use: AutoUse, env: PluginEnv): ZoneDirectory {
  const { clock, log } = env;
  const files = new Map<Name, { readonly path: string; readonly file: FollowedZoneFile }>();
  const problems = new Set<string>();
  const epoch = new Epoch();
  const listeners = new Set<() => void>();
  let timer: Timer | undefined;
  let underWay: Promise<void> | undefined;
  let isStopped = false;
  let isKnown = false;
  let unreadable: string | undefined;
  let lookedAtMs: number | undefined;

  async function look(): Promise<void> {
    const { found, told } = await findZones(use);
    if (isStopped) return;
    isKnown = true;
    unreadable = undefined;
    const before = epoch.value;
    for (const problem of told) if (!problems.has(problem)) log.warning(problem);
    problems.clear();
    for (const problem of told) problems.add(problem);
    for (const [origin, { path, file }] of files) {
      if (found.get(origin) === path) continue;
      file.stop();
      files.delete(origin);
      epoch.move();
      log.info(`${origin} is no longer served: ${path} is gone`);
    }
    for (const [origin, path] of found) {
      if (files.has(origin)) continue;
      files.set(origin, { path, file: followZoneFile({ path, origins: [origin], reloadMs: 0, byMtime: false }, env) });
      epoch.move();
      log.info(`${origin} is served from ${path}`);
    }
    for (const { file } of files.values()) await file.check();
    if (epoch.value !== before) for (const listener of listeners) listener();
  }
  function check(): Promise<void> {
    if (use.reloadMs > 0 && !isStopped) timer ??= clock.every(use.reloadMs, () => void check().catch(() => {}));
    underWay ??= look()
      .catch((thrown) => {
        unreadable = `cannot read the folder: ${messageOf(thrown)}`;
        if (!isKnown) throw thrown;
        log.warning(`cannot read the folder, its zones stay as they were: ${messageOf(thrown)}`);
      })
      .finally(() => {
        underWay = undefined;
        lookedAtMs = clock.monotonic();
      });
    return underWay;
  }

  function watches(): readonly WatchStatus[] {
    const problem = unreadable ?? (problems.size > 0 ? listed([...problems]) : undefined);
    const folder = fileWatch(use.directory, files.size, { problem, lookedAtMs }, clock);
    return [folder, ...[...files.values()].flatMap(({ path, file }) => zoneFileWatches(file, path, clock))];
  }

  return {
    ...{ epoch, check, watches },
    onZones(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    zone: (origin) => files.get(origin)?.file.zones[0],
    get zones() {
      return [...files.values()].flatMap(({ file }) => file.zones);
    },
    stop() {
      isStopped = true;
      timer?.cancel();
      for (const { file } of files.values()) file.stop();
    },
  };
}

interface Found {
  /** The path of each zone's file. */
  readonly found: ReadonlyMap<Name, string>;
  /** Why files are left out. */
  readonly told: ReadonlySet<string>;
}

/**
 * The zone files of the folder and of those below it. Names that begin with `..` are left out: a volume of Kubernetes has each file there a second
 * time.
 */
async function findZones({ directory, names, zones }: AutoUse): Promise<Found> {
  const found = new Map<Name, string>();
  const told = new Set<string>();
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => !entry.isDirectory()).map(({ parentPath, name }) => join(parentPath, name));
  for (const path of paths.sort()) {
    if (path.slice(directory.length).includes('/..')) continue;
    let origin: Name | undefined;
    try {
      origin = originOf(names, basename(path));
    } catch (thrown) {
      told.add(`${path} is left out: ${messageOf(thrown)}`);
    }
    if (origin === undefined || !zones.some((zone) => isAtOrBelow(origin, zone))) continue;
    if (found.has(origin)) told.add(`${path} is left out: ${found.get(origin)} is ${origin} already`);
    else if (found.size < MAX_ZONES) found.set(origin, path);
    else
      told.add(`${directory} has more than ${MAX_ZONES} zones: those after ${[...found.keys()].at(-1)} are left out`);
  }
  return { found, told };
}
