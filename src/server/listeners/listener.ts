/*
 * Where the server listens. Begin here: blocks of a Corefile become listeners. sockets.ts opens the sockets that these share, pages.ts
 * and page-servers.ts do the same for HTTP pages, and open-ports.ts holds both. It never decides what is answered.
 */

import { CorefileError } from '../../corefile/error.ts';
import type { ServerKey, Transport } from '../../corefile/key.ts';
import { printPosition } from '../../corefile/position.ts';
import type { CorefileWarning } from '../../corefile/warnings.ts';
import type { Name } from '../../dns/name.ts';
import { covers, type ListenAddress, overlaps, socketAddress } from '../../net/shared-sockets.ts';
import type { StreamLimits } from '../../net/stream/connections.ts';
import { STREAM_LIMITS } from '../../net/stream/stream-listener.ts';
import type { ServerCredentials } from '../../net/stream/tls-server.ts';
import type { Agreed, BlockSettings } from '../../plugin/plugin.ts';
import { Responder } from '../answer/responder.ts';
import { Router } from '../answer/router.ts';
import type { ServerWatch } from '../answer/watch.ts';
import { type BlockConfiguration, noCertificate } from '../configuration/configuration.ts';

/** What the keys of a Corefile say of a listener. */
interface ListenerKeys {
  readonly transport: Transport;
  readonly address: ListenAddress;
  readonly port: number;
  /** The first key that names it. */
  readonly key: ServerKey;
  /** Which blocks each zone belongs to, in the order in which they are asked whether they serve a query. */
  readonly zones: ReadonlyMap<Name, readonly BlockConfiguration[]>;
}

/** An address and port that a Corefile names, with the blocks and zones that are served there. */
export interface Listener extends ListenerKeys {
  /** Its name in logs and metrics, such as `dns://:53`. */
  readonly server: string;
  /** What the sockets that serve it are called, and listen on; listeners that overlap share them. */
  readonly sockets: { readonly name: string; readonly address: ListenAddress };
  /** How many threads serve UDP. */
  readonly threads: number;
  /** What connections are allowed, beside the usual. */
  readonly limits: Partial<StreamLimits>;
  /** The block that says what to do TLS with, if one does. */
  readonly securedBy: BlockConfiguration | undefined;
  /** What connections are secured with: of a plugin of that block, and set once plugins are made. */
  credentials: (() => ServerCredentials) | undefined;
  readonly router: Router;
  readonly responder: Responder;
}

/** What listeners depend on beyond the Corefile. */
export interface ListenerWorld {
  readonly watch: ServerWatch;
  /** How many threads serve UDP where no block says it. */
  readonly threads: number;
  /** The addresses that `bind` means. @throws Error naming a target that is neither an address nor an interface. */
  bindAddresses(bind: NonNullable<BlockSettings['bind']>): readonly string[];
}

/**
 * The listeners of the blocks, their routers still empty: blocks with the same transport, address and port share one.
 * And the zones that are not served where their blocks may be thought to serve them.
 *
 * @throws CorefileError where two blocks turn out to serve one zone at one address, or say different things of one listener.
 */
export function listenersOf(
  blocks: readonly BlockConfiguration[],
  world: ListenerWorld,
): { readonly listeners: readonly Listener[]; readonly warnings: readonly CorefileWarning[] } {
  const byServer = keysByServer(blocks, world);
  const all = [...byServer.values()];
  const onPorts = Map.groupBy(all, ({ transport, port }) => serverName(transport, undefined, port));
  const socketsOf = ({ transport, address, port }: ListenerKeys) => {
    if (port === 0) return { name: serverName(transport, address, port), address };
    const beside = onPorts.get(serverName(transport, undefined, port))!.map((other) => other.address);
    const shared = socketAddress(address, beside);
    return { name: serverName(transport, shared, port), address: shared };
  };
  const bySockets = Map.groupBy(all, (keys) => socketsOf(keys).name);
  const listeners = [...byServer].map(([server, keys]) => {
    const { transport, zones } = keys;
    const router = new Router();
    // As with CoreDNS, one block that wants other classes opens the listener for them.
    const anyClass = [...zones.values()].flat().some(({ settings }) => settings.anyClass);
    const sockets = socketsOf(keys);
    const sharing = bySockets.get(sockets.name)!.flatMap(({ zones }) => [...zones.values()].flat());
    const threads = agreed(sharing, (settings) => settings.threads);
    const limits = {
      ...agreed(sharing, (settings) => settings.limits)?.said.limits,
      ...(transport === 'https' && agreed(sharing, (settings) => settings.https)?.said.limits),
    };
    const tls = transport === 'dns' ? undefined : agreed(sharing, (settings) => settings.tls);
    if (transport === 'tls' && !tls) throw noCertificate(keys.key);
    const { idleMs } = { ...STREAM_LIMITS, ...limits };
    return {
      ...{ ...keys, server, sockets, router },
      threads: threads?.said.count ?? world.threads,
      limits,
      securedBy: tls?.block,
      credentials: undefined,
      responder: new Responder({ server, transport, router, anyClass, idleMs }, world.watch),
    };
  });
  return { listeners, warnings: all.flatMap((keys) => [...leftOut(keys, all), ...shadowed(keys)]) };
}

/** The zones of a listener that are not served at some of its addresses: those that other blocks name have them to themselves. */
function leftOut(
  { transport, address, port, zones }: ListenerKeys,
  others: readonly ListenerKeys[],
): CorefileWarning[] {
  const narrower = others.filter((other) => {
    return other.transport === transport && other.port === port && port !== 0 && covers(address, other.address);
  });
  return [...zones].flatMap(([zone, blocks]) => {
    const without = narrower.filter((other) => !other.zones.has(zone));
    const [first] = without;
    const key = blocks[0]?.keys.find((key) => key.zone === zone && key.port === port);
    if (!first || !key) return [];
    const places = without.map((other) => other.address).join(', ');
    const bound = printPosition(first.key.position);
    // An address block stands for many zones, and is one warning.
    const isOne = blocks[0]!.keys.every((other) => other === key || other.position !== key.position);
    const name = isOne ? `the zone ${zone}` : `'${key.original}'`;
    const message = `${name} is not served at ${places}: queries there go to the block at ${bound}, which binds that address`;
    const remedy = "add it to that block, or 'bind' other addresses here";
    return [{ name: 'not-served', position: key.position, message: `${message} - ${remedy}` }];
  });
}

/** The blocks that get no query of a zone, as one before them gets all. */
function shadowed({ address, port, zones }: ListenerKeys): CorefileWarning[] {
  return [...zones].flatMap(([zone, blocks]) => {
    const last = blocks.findIndex(({ settings }) => settings.view === undefined || settings.acceptsAll);
    const all = blocks[last];
    if (!all) return [];
    const keyOf = ({ keys }: BlockConfiguration) => keys.find((key) => key.zone === zone && key.port === port)!;
    const why = all.settings.view === undefined ? "has no 'view'" : "has a 'view' that accepts all queries";
    const at = `${printPosition(keyOf(all).position)}${address === undefined ? '' : ` on ${address}`}`;
    const message = `the block gets no query of the zone ${zone}: the block at ${at} comes first and ${why} - put it last`;
    return blocks
      .slice(last + 1)
      .map((block) => ({ name: 'shadowed-block', position: keyOf(block).position, message }));
  });
}

/** What the keys say of each listener, by its name. */
function keysByServer(blocks: readonly BlockConfiguration[], world: ListenerWorld): ReadonlyMap<string, ListenerKeys> {
  const byServer = new Map<string, ListenerKeys & { readonly zones: Map<Name, readonly BlockConfiguration[]> }>();
  for (const block of blocks) {
    const { bind } = block.settings;
    for (const address of bind ? world.bindAddresses(bind) : [undefined]) {
      for (const key of block.keys) {
        const { transport, zone, port, position } = key;
        const server = serverName(transport, address, port);
        const listener = byServer.get(server) ?? { transport, address, port, key, zones: new Map() };
        if (!byServer.has(server)) checkTransport(listener, byServer.values());
        byServer.set(server, listener);
        const others: readonly BlockConfiguration[] = listener.zones.get(zone) ?? [];
        if (block.settings.view === undefined && others.some(({ settings }) => settings.view === undefined)) {
          const what = `${transport}://${zone}:${port}`;
          throw new CorefileError(
            position,
            `cannot serve ${what} - it is already defined${address === undefined ? '' : ` for ${address}`}`,
          );
        }
        listener.zones.set(zone, [...others, block]);
      }
    }
  }
  return byServer;
}

/** @throws CorefileError if another transport has the port already: all listen on TCP. */
function checkTransport({ transport, address, port, key }: ListenerKeys, others: Iterable<ListenerKeys>): void {
  for (const other of others) {
    if (port === 0 || other.port !== port || other.transport === transport) continue;
    if (!overlaps(address, other.address)) continue;
    const taken = `port ${port} is that of '${other.key.original}' at ${printPosition(other.key.position)}`;
    throw new CorefileError(key.position, `'${key.original}' needs a port of its own: ${taken}`);
  }
}

/** What the blocks that share sockets say of one thing; undefined if none does. @throws CorefileError if they differ. */
function agreed<T extends Agreed>(
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
  throw new CorefileError(other.position, `plugin/${other.plugin}: ${detail} - it holds for the whole listener`);
}

/** What listeners and their sockets are called in logs and metrics. */
function serverName(transport: Transport, address: string | undefined, port: number): string {
  return `${transport}://${address?.includes(':') ? `[${address}]` : (address ?? '')}:${port}`;
}
