import { printRcode } from '../../dns/message.ts';
import type { Name } from '../../dns/name.ts';
import { printType } from '../../dns/rr.ts';
import {
  type Cell,
  type Family,
  type HistogramCell,
  type Metrics,
  SIZE_BUCKETS,
  TIME_BUCKETS,
} from '../../observe/metrics.ts';
import type { Repetitions, Sent } from '../../plugin/plugin.ts';
import type { Protocol, Query } from '../../plugin/query.ts';

/** The types with their own label value. Other types share one, as a client can make up types. */
const COUNTED_TYPES = new Set(
  'A AAAA CNAME DNSKEY DS MX NSEC NSEC3 NS PTR RRSIG SOA SRV TXT HTTPS SVCB IXFR AXFR ANY'.split(' '),
);

/** CoreDNS's metrics of the queries and responses of a block. */
export class QueryMetrics {
  private readonly view: string;
  private readonly requests: Family<Cell>;
  private readonly duration: Family<HistogramCell>;
  private readonly requestSize: Family<HistogramCell>;
  private readonly responseSize: Family<HistogramCell>;
  private readonly doRequests: Family<Cell>;
  private readonly responses: Family<Cell>;
  /** The cells by server and zone, so that labels are not looked up for each query. */
  private readonly zones = new Map<string, Map<Name, ZoneCells>>();

  /** @param view the name of the block's choice of queries; empty without. */
  constructor(metrics: Metrics, view: string) {
    this.view = view;
    const zone = ['server', 'zone', 'view'];
    const name = 'coredns_dns';
    this.requests = metrics.counter(
      `${name}_requests_total`,
      'Queries by server block, zone, transport, address family (1 for IPv4, 2 for IPv6) and type.',
      [...zone, 'proto', 'family', 'type'],
    );
    this.duration = metrics.histogram(
      `${name}_request_duration_seconds`,
      'Seconds from the arrival of a query to its response.',
      zone,
      TIME_BUCKETS,
    );
    this.requestSize = metrics.histogram(
      `${name}_request_size_bytes`,
      'Octets of the queries.',
      [...zone, 'proto'],
      SIZE_BUCKETS,
    );
    this.responseSize = metrics.histogram(
      `${name}_response_size_bytes`,
      'Octets of the responses.',
      [...zone, 'proto'],
      SIZE_BUCKETS,
    );
    this.doRequests = metrics.counter(`${name}_do_requests_total`, 'Queries with the DO flag.', zone);
    this.responses = metrics.counter(
      `${name}_responses_total`,
      'Responses by rcode and by the plugin that made them; the plugin is empty for the server itself.',
      [...zone, 'rcode', 'plugin'],
    );
  }

  count(query: Query, { reply, octets, durationMs }: Sent): void {
    const cells = this.cellsOf(query);
    const { protocol, client } = query;
    cells.requests(wayOf(protocol, client.address.includes(':')), query.type).value++;
    cells.duration.observe(durationMs / 1000);
    cells.requestSize[protocol].observe(query.octets);
    if (query.edns?.do) cells.doRequests.value++;
    if (reply.drop) return;
    cells.responseSize[protocol].observe(octets);
    cells.responses(reply.source, reply.rcode).value++;
  }

  /** Each repetition counts with the mean duration of all of them. */
  countRepetitions(repetitions: Repetitions): void {
    const { protocol, type, reply, count } = repetitions;
    const cells = this.cellsOf(repetitions);
    cells.requests(wayOf(protocol, repetitions.isIPv6), type).value += count;
    cells.duration.observe(repetitions.durationMs / count / 1000, count);
    cells.requestSize[protocol].observe(repetitions.queryOctets, count);
    if (repetitions.do) cells.doRequests.value += count;
    cells.responseSize[protocol].observe(repetitions.octets, count);
    cells.responses(reply.source, reply.rcode).value += count;
  }

  private cellsOf({ server, zone }: Pick<Query, 'server' | 'zone'>): ZoneCells {
    let byZone = this.zones.get(server);
    if (!byZone) {
      byZone = new Map();
      this.zones.set(server, byZone);
    }
    let cells = byZone.get(zone);
    if (!cells) {
      cells = this.makeCells([server, zone, this.view]);
      byZone.set(zone, cells);
    }
    return cells;
  }

  private makeCells(zone: readonly string[]): ZoneCells {
    const sizes = (family: Family<HistogramCell>) => ({
      udp: family.cell(...zone, 'udp'),
      tcp: family.cell(...zone, 'tcp'),
    });
    return {
      requests: remember((way: number, type: number) => {
        const mnemonic = printType(type);
        return this.requests.cell(...zone, ...WAYS[way]!, COUNTED_TYPES.has(mnemonic) ? mnemonic : 'other');
      }),
      responses: remember((plugin: string, rcode: number) => this.responses.cell(...zone, printRcode(rcode), plugin)),
      duration: this.duration.cell(...zone),
      requestSize: sizes(this.requestSize),
      responseSize: sizes(this.responseSize),
      doRequests: this.doRequests.cell(...zone),
    };
  }
}

interface ZoneCells {
  /** `way` is an index into {@link WAYS}. */
  requests(way: number, type: number): Cell;
  responses(plugin: string, rcode: number): Cell;
  readonly duration: HistogramCell;
  readonly requestSize: { readonly udp: HistogramCell; readonly tcp: HistogramCell };
  readonly responseSize: { readonly udp: HistogramCell; readonly tcp: HistogramCell };
  readonly doRequests: Cell;
}

/** The possible values of the labels `proto` and `family`. */
const WAYS = [
  ['udp', '1'],
  ['udp', '2'],
  ['tcp', '1'],
  ['tcp', '2'],
] as const;

function wayOf(protocol: Protocol, isIPv6: boolean): number {
  return (protocol === 'tcp' ? 2 : 0) + (isIPv6 ? 1 : 0);
}

/** The maximum number of remembered combinations, as a client can make up many. Further cells are looked up by their labels. */
const MAX_REMEMBERED = 1024;

/** The same lookup with its results kept. The keys need no string to be built for each query. */
function remember<A, B>(find: (first: A, second: B) => Cell): (first: A, second: B) => Cell {
  const cells = new Map<A, Map<B, Cell>>();
  let remembered = 0;
  return (first, second) => {
    const known = cells.get(first)?.get(second);
    if (known) return known;
    const cell = find(first, second);
    if (remembered++ < MAX_REMEMBERED) cells.set(first, (cells.get(first) ?? new Map()).set(second, cell));
    return cell;
  };
}
