import { counted } from '../../base/counted.ts';
import { Class, Rcode } from '../../dns/message.ts';
import { joinName, longestZone, type Name } from '../../dns/name.ts';
import { parseReverseName, REVERSE_ROOTS, type ReverseName } from '../../dns/reverse.ts';
import { A, AAAA, PTR, rr, SOA } from '../../dns/rr.ts';
import { fileWatch, statusOfWatches } from '../../plugin/file-status.ts';
import { answerLookup, closedZones, fallsThrough, type Lookup } from '../../plugin/lookup.ts';
import { definePlugin } from '../../plugin/plugin.ts';
import type { Query } from '../../plugin/query.ts';
import type { Repeat } from '../../plugin/reply.ts';
import { whileServing } from '../../plugin/while-serving.ts';
import { openHostsFile } from './hosts-file.ts';
import { type HostsOptions, parseHostsOptions } from './options.ts';
import { findHost, type HostsTable } from './table.ts';

/** How long clients may cache that a host does not exist, in seconds: it may be in the file a moment later. */
const MAX_NEGATIVE_TTL = 30;

/** Answers from a hosts file and from hosts in the Corefile. */
export default definePlugin<HostsOptions>({
  name: 'hosts',
  dependsOn: 'question',

  parse: parseHostsOptions,

  ends: ({ zones, fallthrough }) => ({
    zones: closedZones(zones, fallthrough),
    // Addresses are answered in every zone.
    asked: [...zones, ...REVERSE_ROOTS],
    but: 'PTR queries',
    remedy: "add 'fallthrough'",
  }),

  create(options, env) {
    const { zones, inline, reverse, reloadMs, fallthrough } = options;
    const source = { path: env.path(options.path), zones, inline, reverse, reloadMs };
    const file = env.keep(JSON.stringify(source), () => openHostsFile(source, env));
    const help = 'Entries of a hosts file and of the hosts in the Corefile.';
    const entries = env.metrics.gauge('coredns_hosts_entries', help, ['hostsfile']);
    return {
      load: () => file.check(),
      status: () =>
        statusOfWatches([fileWatch(source.path, file.table.size, file.watched, env.clock)], {
          wellSaid: `Answers from ${counted(file.table.size, 'entry', 'entries')} of ${source.path} and the Corefile.`,
          effect: 'The hosts that were read last are served',
          remedy: 'Mend the file.',
        }),
      ...whileServing(() =>
        env.metrics.show([entries], () => {
          entries.cell(source.path).value = file.table.size;
        }),
      ),
      explain: ({ name }, { rcode }) => {
        const where = `${source.path}${inline.length > 0 ? ' and the hosts of the Corefile' : ''}`;
        return rcode === Rcode.NXDOMAIN ? `${name} is not in ${where}` : where;
      },
      wrap: (next) => {
        const repeat: Repeat = { epochs: [file.epoch], untilMs: Number.POSITIVE_INFINITY, again: [] };
        const soa = (query: Query) => soaOf(longestZone(query.name, zones) ?? query.name, options.ttl, file.loadedMs);
        const authority = { source: 'hosts', fallthrough, next, soa };
        return (query) => answerLookup(query, lookup(query, file.table, options), authority, repeat);
      },
    };
  },
});

function lookup(query: Query, table: HostsTable, options: HostsOptions): Lookup {
  const { name, type } = query;
  if (query.class !== Class.IN) return { kind: 'skip' };
  const zone = longestZone(name, options.zones);
  const host = zone === undefined ? undefined : findHost(table, name);
  const reverse = host && type !== PTR.code ? undefined : parseReverseName(name);
  if (reverse) return lookupAddress(reverse, query, table, options);
  if (zone === undefined) return { kind: 'skip' };
  if (!host) {
    const exists = name === zone || table.parents.has(name);
    if (!exists) return { kind: 'nxdomain' };
    return { kind: fallsThrough(name, options.fallthrough) ? 'exists' : 'nodata' };
  }
  const owner = query.question.name;
  if (type === A.code) return hitOf(host.ipv4.map((address) => rr(A, owner, options.ttl, { address })));
  if (type === AAAA.code) return hitOf(host.ipv6.map((address) => rr(AAAA, owner, options.ttl, { address })));
  return { kind: options.fallthroughUnsupported && fallsThrough(name, options.fallthrough) ? 'exists' : 'nodata' };
}

/** Addresses are answered in every zone. The next plugin gets addresses without names, and types other than PTR. */
function lookupAddress(reverse: ReverseName, query: Query, table: HostsTable, { ttl }: HostsOptions): Lookup {
  const { question, type } = query;
  if ('prefix' in reverse) return { kind: table.prefixes.has(reverse) ? 'exists' : 'skip' };
  const names = table.names.get(reverse.address);
  if (!names) return { kind: 'skip' };
  if (type !== PTR.code) return { kind: 'exists' };
  return { kind: 'hit', answer: names.map((target) => rr(PTR, question.name, ttl, { target })) };
}

function hitOf(answer: Extract<Lookup, { kind: 'hit' }>['answer']): Lookup {
  return answer.length > 0 ? { kind: 'hit', answer } : { kind: 'nodata' };
}

/** A hosts file has no SOA record. This one says how long a negative response may be cached (RFC 2308 §5). */
function soaOf(zone: Name, ttl: number, loadedMs: number) {
  const minimum = Math.min(ttl, MAX_NEGATIVE_TTL);
  return rr(SOA, zone, minimum, {
    mname: joinName(['ns', 'dns'], zone),
    rname: joinName(['hostmaster'], zone),
    serial: Math.floor(loadedMs / 1000),
    refresh: 7200,
    retry: 1800,
    expire: 86_400,
    minimum,
  });
}
