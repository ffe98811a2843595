import { stat } from 'node:fs/promises';
import { messageOf, systemCodeOf } from '../../base/errors.ts';
import { stampOf, stampToKeep } from '../../base/file-stamp.ts';
import { readText } from '../../base/read-file.ts';
import { CorefileError } from '../../corefile/error.ts';
import { DNS_PORT } from '../../net/addresses.ts';
import { type Peer, printPeer } from '../../net/transport.ts';
import type { Timer } from '../../observe/clock.ts';
import type { PluginEnv } from '../../plugin/env.ts';
import { MAX_RESOLV_CONF_OCTETS, parseResolvConf } from '../../resolver/resolv-conf.ts';
import { resolveHost } from './host.ts';
import { MAX_UPSTREAMS, type Stanza } from './options.ts';
import { type Endpoint, type Target, uniqueEndpoints } from './target.ts';

/** How often files such as /etc/resolv.conf are checked, and read if they have changed. */
export const FILE_POLL_MS = 5000;
/** How often host names are resolved again. */
export const HOST_REFRESH_MS = 30_000;

/** The upstreams of a stanza's TOs, kept up to date. */
export interface Endpoints {
  /** Reads files. @throws CorefileError (as a rejection) if that shows that there is no upstream. */
  load(): Promise<void>;
  /** Resolves host names, and publishes all upstreams. @throws CorefileError (as a rejection) if there are none. */
  start(): Promise<void>;
  /** Why the upstreams may no longer be those that the TOs mean. */
  readonly problem: string | undefined;
  stop(): void;
}

/** @param publish called with all upstreams, without duplicates, when they are first known and whenever they change. */
export function watchEndpoints(
  { to, position, resolvers, tlsServername }: Stanza,
  { clock, log, path }: Pick<PluginEnv, 'clock' | 'log' | 'path'>,
  publish: (endpoints: readonly Endpoint[]) => void,
): Endpoints {
  const found: (readonly Endpoint[])[] = to.map(() => []);
  const timers: Timer[] = [];
  /** The stamps of files as they were read last without a failure, by TO. */
  const stamps: string[] = [];
  let published = '';
  let lastFailure = '';
  let stopped = false;

  const publishChange = () => {
    const endpoints = uniqueEndpoints(found.flat());
    const printed = endpoints.map(printPeer).join(' ');
    if (printed === published || stopped) return;
    if (endpoints.length > MAX_UPSTREAMS) throw tooMany(endpoints);
    if (published !== '') log.info(`upstreams changed to ${printed}`);
    published = printed;
    publish(endpoints);
  };
  /** A TO that cannot be read keeps its upstreams. Each reason is logged once. */
  const refresh = async (indexes: readonly number[]) => {
    const failures: string[] = [];
    const attempt = async (run: () => void | Promise<void>) => {
      try {
        await run();
      } catch (thrown) {
        failures.push(messageOf(thrown));
      }
    };
    for (const i of indexes) {
      await attempt(async () => {
        const target = to[i]!;
        if (target.kind === 'address') return;
        const file = target.kind === 'file' ? await stat(path(target.path)).catch(() => undefined) : undefined;
        if (file && stampOf(file) === stamps[i]) return;
        stamps[i] = '';
        const next = (await readTarget(target)).endpoints;
        if (next.length === 0) throw new CorefileError(target.position, 'the file has no line "nameserver IP"');
        found[i] = next;
        if (file) stamps[i] = stampToKeep(file, clock.now());
      });
    }
    await attempt(publishChange);
    const failure = failures.join('; ');
    if (failure !== '' && failure !== lastFailure) log.warning(`upstreams stay as they are: ${failure}`);
    lastFailure = failure;
  };
  const tooMany = (endpoints: readonly Endpoint[]) =>
    new CorefileError(position, `more than ${MAX_UPSTREAMS} TOs configured: ${endpoints.length}`);
  /** What a TO gives without asking another machine; undefined for a host name. */
  const readLocal = async (target: Target): Promise<Read | undefined> => {
    if (target.kind === 'address') return { source: 'address', endpoints: [target.endpoint] };
    const name = target.kind === 'file' ? target.path : target.host;
    const text = target.kind === 'host' && target.encryption ? undefined : await readIfFile(path(name));
    if (text !== undefined) return { source: 'file', endpoints: nameserversIn(text) };
    if (target.kind === 'file') throw new CorefileError(target.position, `not an IP address or file: "${name}"`);
    return undefined;
  };
  const readTarget = async (target: Target): Promise<Read> => {
    const read = await readLocal(target);
    if (read || target.kind !== 'host') return read!;
    try {
      const addresses = await resolveHost(target.host, resolvers, clock);
      const { port = DNS_PORT, host } = target;
      const encryption = target.encryption && { ...target.encryption, servername: tlsServername ?? host };
      const endpoints = addresses.map((address) => ({ address, port, ...(encryption && { encryption }) }));
      return { source: 'host', endpoints };
    } catch (thrown) {
      throw new CorefileError(target.position, `cannot resolve upstream '${target.host}': ${messageOf(thrown)}`);
    }
  };
  /** Refreshes at an interval, but never while a refresh is under way. */
  const repeat = (everyMs: number, indexes: readonly number[]) => {
    if (indexes.length === 0 || stopped) return;
    let busy = false;
    const run = async () => {
      if (busy) return;
      busy = true;
      await refresh(indexes);
      busy = false;
    };
    timers.push(clock.every(everyMs, run));
  };

  /** @throws CorefileError if there are no upstreams, or too many. */
  const take = (read: readonly (Read | undefined)[]) => {
    for (const [i, each] of read.entries()) found[i] = each?.endpoints ?? [];
    const isWhole = read.every((each) => each !== undefined);
    if (isWhole && found.flat().length === 0) throw new CorefileError(position, 'no valid upstream addresses found');
    const endpoints = uniqueEndpoints(found.flat());
    if (endpoints.length > MAX_UPSTREAMS) throw tooMany(endpoints);
  };

  return {
    async load() {
      take(await Promise.all(to.map(readLocal)));
    },
    async start() {
      const read = await Promise.all(to.map(readTarget));
      take(read);
      publishChange();
      const indexesOf = (kind: Target['kind']) => read.flatMap(({ source }, i) => (source === kind ? [i] : []));
      repeat(FILE_POLL_MS, indexesOf('file'));
      repeat(HOST_REFRESH_MS, indexesOf('host'));
    },
    get problem() {
      return lastFailure || undefined;
    },
    stop() {
      stopped = true;
      for (const timer of timers) timer.cancel();
    },
  };
}

/** The upstreams of a TO, and what they were read from. */
interface Read {
  readonly source: Target['kind'];
  readonly endpoints: readonly Endpoint[];
}

/** The text of a file; undefined if there is no such file. */
async function readIfFile(path: string): Promise<string | undefined> {
  try {
    return await readText(path, MAX_RESOLV_CONF_OCTETS);
  } catch (thrown) {
    if (['ENOENT', 'ENOTDIR', 'EISDIR'].includes(systemCodeOf(thrown) ?? '')) return undefined;
    throw thrown;
  }
}

/** All servers of a resolv.conf. The zone of a link-local address is dropped, as in CoreDNS. */
function nameserversIn(text: string): Peer[] {
  const { nameservers } = parseResolvConf(text);
  return nameservers.map((address) => ({ address: address.replace(/%.*$/, ''), port: DNS_PORT }));
}
