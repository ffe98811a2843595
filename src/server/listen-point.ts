import { CorefileError } from '../corefile/error.ts';
import type { ServerKey, Transport } from '../corefile/key.ts';
import { type Position, printPosition } from '../corefile/position.ts';
import type { Name } from '../dns/name.ts';
import type { StreamLimits } from '../net/connections.ts';
import { STREAM_LIMITS } from '../net/stream-listener.ts';
import type { ServerCredentials } from '../net/tls-server.ts';
import type { BlockSettings } from '../plugin/plugin.ts';
import { type BlockConfiguration, noCertificate } from './configuration.ts';
import { Responder } from './responder.ts';
import { Router } from './router.ts';
import type { ServerWatch } from './watch.ts';

/** One address and port with the blocks and zones that are served there. */
export interface ListenPoint {
  /** The listener's name in logs and metrics, such as `dns://:53`. */
  readonly server: string;
  /** The point whose sockets serve this one: itself, or the one that has the port on every address. */
  readonly host: string;
  readonly transport: Transport;
  /** Undefined for every address of the machine. */
  readonly address: string | undefined;
  readonly port: number;
  /** How many threads serve UDP. */
  readonly threads: number;
  /** What connections are allowed, beside the usual. */
  readonly limits: Partial<StreamLimits>;
  /** The block that says what to do TLS with, if one does. */
  readonly securedBy: BlockConfiguration | undefined;
  /** What connections are secured with: of a plugin of that block, and set once plugins are made. */
  credentials: (() => ServerCredentials) | undefined;
  /** Which blocks each zone belongs to, in the order in which they are asked whether they serve a query. */
  readonly zones: ReadonlyMap<Name, readonly BlockConfiguration[]>;
  readonly router: Router;
  readonly responder: Responder;
}

/** Whether the point has sockets of its own. */
export function hasSockets({ server, host }: ListenPoint): boolean {
  return server === host;
}

/** What listening depends on beyond the Corefile. */
export interface ListenWorld {
  readonly watch: ServerWatch;
  /** How many threads serve UDP where no block says it. */
  readonly threads: number;
  /** The addresses that `bind` means. @throws Error naming a target that is neither an address nor an interface. */
  bindAddresses(bind: NonNullable<BlockSettings['bind']>): readonly string[];
}

/** What keys say of a point. */
interface Claimed {
  readonly transport: Transport;
  readonly address: string | undefined;
  readonly port: number;
  /** The first key. */
  readonly key: ServerKey;
  readonly zones: Map<Name, readonly BlockConfiguration[]>;
}

/**
 * The points that the blocks listen on, their routers still empty: blocks with the same transport, address and port share one.
 *
 * @throws CorefileError where two blocks turn out to serve one zone at one address, or say different things of one listener.
 */
export function listenPoints(blocks: readonly BlockConfiguration[], world: ListenWorld): ListenPoint[] {
  const byServer = claimPoints(blocks, world);
  const hostOf = (server: string, { transport, port }: Claimed) => {
    const everywhere = serverName(transport, undefined, port);
    return port !== 0 && byServer.has(everywhere) ? everywhere : server;
  };
  return [...byServer].map(([server, point]) => {
    const { transport, address, port, zones } = point;
    const router = new Router();
    // As with CoreDNS, one block that wants other classes opens the listener for them.
    const anyClass = [...zones.values()].flat().some(({ settings }) => settings.anyClass);
    const host = hostOf(server, point);
    const companions = [...byServer].filter(([other, claimed]) => hostOf(other, claimed) === host);
    const sharing = companions.flatMap(([, { zones }]) => [...zones.values()].flat());
    const threads = agreed('multisocket', sharing, (settings) => settings.threads);
    const limits = {
      ...agreed('timeouts', sharing, (settings) => settings.limits)?.said.limits,
      ...(transport === 'https' && agreed('https', sharing, (settings) => settings.https)?.said.limits),
    };
    const tls = transport === 'dns' ? undefined : agreed('tls', sharing, (settings) => settings.tls);
    if (transport === 'tls' && !tls) throw noCertificate(point.key);
    const { idleMs } = { ...STREAM_LIMITS, ...limits };
    return {
      ...{ server, host, transport, address, port, zones, router },
      threads: threads?.said.count ?? world.threads,
      limits,
      securedBy: tls?.block,
      credentials: undefined,
      responder: new Responder({ server, transport, router, anyClass, idleMs }, world.watch),
    };
  });
}

/** The points by server name, with the zones that blocks claim there. */
function claimPoints(blocks: readonly BlockConfiguration[], world: ListenWorld): ReadonlyMap<string, Claimed> {
  const byServer = new Map<string, Claimed>();
  for (const block of blocks) {
    const { bind } = block.settings;
    for (const address of bind ? world.bindAddresses(bind) : [undefined]) {
      for (const key of block.keys) {
        const { transport, zone, port, position } = key;
        const server = serverName(transport, address, port);
        const point = byServer.get(server) ?? { transport, address, port, key, zones: new Map() };
        if (!byServer.has(server)) checkTransport(point, byServer.values());
        byServer.set(server, point);
        const others: readonly BlockConfiguration[] = point.zones.get(zone) ?? [];
        if (block.settings.view === undefined && others.some(({ settings }) => settings.view === undefined)) {
          const what = `${transport}://${zone}:${port}`;
          throw new CorefileError(position, `cannot serve ${what} - it is already defined for ${address}`);
        }
        point.zones.set(zone, [...others, block]);
      }
    }
  }
  return byServer;
}

/** @throws CorefileError if another transport has the port already: all listen on TCP. */
function checkTransport({ transport, address, port, key }: Claimed, others: Iterable<Claimed>): void {
  for (const other of others) {
    const isApart = address !== undefined && other.address !== undefined && address !== other.address;
    if (port === 0 || other.port !== port || other.transport === transport || isApart) continue;
    const taken = `port ${port} is that of '${other.key.original}' at ${printPosition(other.key.position)}`;
    throw new CorefileError(key.position, `'${key.original}' needs a port of its own: ${taken}`);
  }
}

/** What the blocks that share sockets say of one thing; undefined if none does. @throws CorefileError if they differ. */
function agreed<T extends { readonly text: string; readonly position: Position }>(
  plugin: string,
  blocks: readonly BlockConfiguration[],
  pick: (settings: BlockSettings) => T | undefined,
): { readonly block: BlockConfiguration; readonly said: T } | undefined {
  const [first, ...others] = blocks.flatMap((block) => {
    const said = pick(block.settings);
    return said ? { block, said } : [];
  });
  const other = others.find(({ said }) => said.text !== first?.said.text)?.said;
  if (!first || !other) return first;
  const detail = `'${other.text}', but '${first.said.text}' for the same port at ${printPosition(first.said.position)}`;
  throw new CorefileError(other.position, `plugin/${plugin}: ${detail} - it holds for the whole listener`);
}

function serverName(transport: Transport, address: string | undefined, port: number): string {
  return `${transport}://${address?.includes(':') ? `[${address}]` : (address ?? '')}:${port}`;
}
