import { CorefileError } from '../corefile/error.ts';
import { printPosition } from '../corefile/position.ts';
import type { Name } from '../dns/name.ts';
import type { BlockSettings } from '../plugin/plugin.ts';
import type { BlockConfiguration } from './configuration.ts';
import { Responder } from './responder.ts';
import { Router } from './router.ts';
import type { ServerWatch } from './watch.ts';

/** One address and port with the blocks and zones that are served there. */
export interface ListenPoint {
  /** The listener's name in logs and metrics, such as `dns://:53`. */
  readonly server: string;
  /** The point whose sockets serve this one: itself, or the one that has the port on every address. */
  readonly host: string;
  /** Undefined for every address of the machine. */
  readonly address: string | undefined;
  readonly port: number;
  /** How many threads serve UDP. */
  readonly threads: number;
  /** Which block each zone belongs to. */
  readonly zones: ReadonlyMap<Name, BlockConfiguration>;
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
  readonly tcpIdleMs: number;
  /** How many threads serve UDP where no block says it. */
  readonly threads: number;
  /** The addresses that `bind` means. @throws Error naming a target that is neither an address nor an interface. */
  bindAddresses(bind: NonNullable<BlockSettings['bind']>): readonly string[];
}

/**
 * The points that the blocks listen on, their routers still empty: blocks with the same address and port share one.
 *
 * @throws CorefileError where two blocks turn out to serve one zone at one address, or want other numbers of threads.
 */
export function listenPoints(blocks: readonly BlockConfiguration[], world: ListenWorld): ListenPoint[] {
  const byServer = new Map<
    string,
    { address: string | undefined; port: number; zones: Map<Name, BlockConfiguration> }
  >();
  for (const block of blocks) {
    const { bind } = block.settings;
    for (const address of bind ? world.bindAddresses(bind) : [undefined]) {
      for (const { zone, port, position } of block.keys) {
        const server = serverName(address, port);
        const point = byServer.get(server) ?? { address, port, zones: new Map() };
        byServer.set(server, point);
        if (point.zones.has(zone)) {
          throw new CorefileError(
            position,
            `cannot serve dns://${zone}:${port} - it is already defined for ${address}`,
          );
        }
        point.zones.set(zone, block);
      }
    }
  }
  const hostOf = (server: string, port: number) => {
    const everywhere = serverName(undefined, port);
    return port !== 0 && byServer.has(everywhere) ? everywhere : server;
  };
  return [...byServer].map(([server, point]) => {
    const router = new Router();
    // As with CoreDNS, one block that wants other classes opens the listener for them.
    const anyClass = [...point.zones.values()].some(({ settings }) => settings.anyClass);
    const responder = new Responder({ server, router, anyClass, tcpIdleMs: world.tcpIdleMs }, world.watch);
    const host = hostOf(server, point.port);
    const companions = [...byServer].filter(([other, { port }]) => hostOf(other, port) === host);
    const threads = threadsOf(companions.flatMap(([, { zones }]) => [...zones.values()])) ?? world.threads;
    return { server, host, ...point, threads, router, responder };
  });
}

/** What the blocks that share sockets say about their threads; undefined if none does. */
function threadsOf(blocks: readonly BlockConfiguration[]): number | undefined {
  const [first, ...others] = blocks.flatMap(({ settings }) => settings.threads ?? []);
  const other = others.find(({ count }) => count !== first?.count);
  if (!first || !other) return first?.count;
  const detail = `${other.count} threads, but ${first.count} for the same port at ${printPosition(first.position)}`;
  throw new CorefileError(other.position, `plugin/multisocket: ${detail} - one number serves the whole listener`);
}

function serverName(address: string | undefined, port: number): string {
  return `dns://${address?.includes(':') ? `[${address}]` : (address ?? '')}:${port}`;
}
