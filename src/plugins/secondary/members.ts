import type { WatchStatus } from '../../admin/protocol/index.ts';
import { messageOf } from '../../base/errors.ts';
import type { Name } from '../../dns/name.ts';
import type { Peer } from '../../net/transport.ts';
import type { Kept, PluginEnv } from '../../plugin/env.ts';
import { Epoch } from '../../plugin/repeat.ts';
import type { HeldZone } from '../../zone/held-zone.ts';
import { type Member, membersOf } from './catalog.ts';
import { copyZone, type ZoneCopy } from './copy.ts';
import { FETCH, type Fetch } from './primaries.ts';

/** The maximum number of exchanges with primary servers at once for all zones of catalogs; more wait for their turn. */
export const MAX_EXCHANGES = 16;

/** A zone whose content names other zones (RFC 9432), copied from the same servers. */
interface CatalogSource {
  /** Folded. */
  readonly origin: Name;
  readonly from: readonly Peer[];
  /** The zones at or below which its zones must be; anywhere if empty. */
  readonly accepted: readonly Name[];
}

/** Catalogs, and copies of the zones that they name. */
export interface CatalogZones extends Kept {
  /** The catalogs themselves, and their zones. */
  readonly held: readonly HeldZone[];
  watches(): readonly WatchStatus[];
  get(origin: Name): { readonly held: HeldZone; readonly catalog: Name } | undefined;
  /** Moves whenever a zone comes or goes. */
  readonly epoch: Epoch;
  /** Calls `listener` after zones came or went. Returns a function that ends it. */
  onZones(listener: () => void): () => void;
  /** Begins to copy; a second call has no effect. */
  start(): void;
}

interface Owned {
  readonly catalog: Catalog;
  readonly member: Member;
  readonly copy: ZoneCopy;
}

interface Catalog extends CatalogSource {
  readonly copy: ZoneCopy;
  /** The zones of its last valid version. */
  members: ReadonlyMap<Name, Member>;
  /** Why its present version does not count. */
  mistake: string | undefined;
}

/** @param taken the zones that no catalog may name, since the Corefile has them. */
export function followCatalogs(
  sources: readonly CatalogSource[],
  taken: readonly Name[],
  env: PluginEnv,
  fetch: Fetch = FETCH,
): CatalogZones {
  const { log } = env;
  const limited = atMost(MAX_EXCHANGES, fetch);
  const make = (origin: Name, from: readonly Peer[]) => copyZone({ origin, from, fetch: limited }, env);
  const catalogs: readonly Catalog[] = sources.map((source) => ({
    ...source,
    copy: make(source.origin, source.from),
    members: new Map(),
    mistake: undefined,
  }));
  const reserved = new Set([...taken, ...catalogs.map(({ origin }) => origin)]);
  const owned = new Map<Name, Owned>();
  let clashes: ReadonlySet<string> = new Set();
  const epoch = new Epoch();
  const listeners = new Set<() => void>();

  function read(catalog: Catalog): void {
    try {
      catalog.members = membersOf(catalog.copy.held.zone!, catalog.accepted);
      catalog.mistake = undefined;
    } catch (thrown) {
      catalog.mistake = `the catalog ${catalog.origin} is broken, its earlier zones stay: ${messageOf(thrown)}`;
      log.warning(catalog.mistake);
      return;
    }
    const before = epoch.value;
    for (const [origin, { catalog: owner, member, copy }] of [...owned]) {
      const now = owner.members.get(origin);
      if (now?.label === member.label) {
        owned.set(origin, { catalog: owner, member: now, copy });
        continue;
      }
      drop(origin, copy);
      // RFC 9432 §5.4: with another label it is a new zone with the same name.
      if (now) take(owner, origin, now);
      else log.info(`${origin} is no longer copied: the catalog ${owner.origin} does not name it any more`);
    }
    const found = new Set<string>();
    for (const each of catalogs) {
      for (const [origin, member] of each.members) {
        const clash = claim(each, origin, member);
        if (clash !== undefined) found.add(clash);
      }
    }
    for (const clash of found) if (!clashes.has(clash)) log.warning(clash);
    clashes = found;
    if (epoch.value !== before) for (const listener of listeners) listener();
  }

  /** RFC 9432 §5.2: the owner of a zone keeps it, unless its catalog says that it may move. Returns why the zone cannot be taken. */
  function claim(catalog: Catalog, origin: Name, member: Member): string | undefined {
    const owner = owned.get(origin);
    if (owner?.catalog === catalog) return undefined;
    if (reserved.has(origin) || (owner && owner.member.nextCatalog !== catalog.origin)) {
      const whose = owner ? `is of the catalog ${owner.catalog.origin}` : 'the Corefile has';
      return `the catalog ${catalog.origin} names ${origin}, which ${whose} already`;
    }
    if (owner) {
      // RFC 9432 §5.4: the zone keeps its data if it moves with its label.
      const isSame = owner.member.label === member.label && sameServers(owner.catalog, catalog);
      if (isSame) {
        owned.set(origin, { catalog, member, copy: owner.copy });
        return undefined;
      }
      drop(origin, owner.copy);
    }
    take(catalog, origin, member);
    return undefined;
  }

  function take(catalog: Catalog, origin: Name, member: Member): void {
    const copy = make(origin, catalog.from);
    owned.set(origin, { catalog, member, copy });
    epoch.move();
    copy.start();
    log.info(`${origin} is copied: the catalog ${catalog.origin} names it`);
  }

  function drop(origin: Name, copy: ZoneCopy): void {
    void copy.stop?.();
    owned.delete(origin);
    epoch.move();
  }

  for (const catalog of catalogs) catalog.copy.held.onSerial(() => read(catalog));
  return {
    epoch,
    get held() {
      return [...catalogs, ...owned.values()].map(({ copy }) => copy.held);
    },
    watches: () => [
      ...catalogs.map(({ copy, mistake }) => broken(copy.status(), mistake)),
      ...[...owned.values()].map(({ copy }) => copy.status()),
    ],
    get(origin) {
      const member = owned.get(origin);
      if (member) return { held: member.copy.held, catalog: member.catalog.origin };
      const catalog = catalogs.find((each) => each.origin === origin);
      return catalog && { held: catalog.copy.held, catalog: origin };
    },
    onZones(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    start() {
      for (const { copy } of catalogs) copy.start();
    },
    stop() {
      for (const { copy } of [...catalogs, ...owned.values()]) void copy.stop?.();
    },
  };
}

function broken(watch: WatchStatus, mistake: string | undefined): WatchStatus {
  return watch.state === 'ok' && mistake !== undefined ? { ...watch, state: 'degraded', problem: mistake } : watch;
}

function sameServers(a: CatalogSource, b: CatalogSource): boolean {
  return JSON.stringify(a.from) === JSON.stringify(b.from);
}

/** The same functions, with at most `limit` exchanges at once. A catalog may have thousands of zones, so none of them is followed. */
function atMost(limit: number, { serial, zone, changes }: Fetch): Fetch {
  let running = 0;
  const waiting: (() => void)[] = [];
  const inTurn =
    <A extends readonly unknown[], T>(ask: (...args: A) => Promise<T>) =>
    async (...args: A): Promise<T> => {
      if (running >= limit) await new Promise<void>((resolve) => waiting.push(resolve));
      else running++;
      try {
        return await ask(...args);
      } finally {
        const next = waiting.shift();
        if (next) next();
        else running--;
      }
    };
  return { serial: inTurn(serial), zone: inTurn(zone), changes: inTurn(changes) };
}
