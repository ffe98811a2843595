import { printRcode } from '../../dns/message.ts';
import { printType } from '../../dns/rr.ts';
import {
  type Cell,
  type Family,
  type HistogramCell,
  type Metrics,
  SIZE_BUCKETS,
  TIME_BUCKETS,
} from '../../observe/metrics.ts';
import type { Sent } from '../../plugin/plugin.ts';
import type { Query } from '../../plugin/query.ts';

/** The types that have a label value of their own; a client can make up others, so those share one. */
const COUNTED_TYPES = new Set(
  'A AAAA CNAME DNSKEY DS MX NSEC NSEC3 NS PTR RRSIG SOA SRV TXT HTTPS SVCB IXFR AXFR ANY'.split(' '),
);

/** No view yet: the label is there because dashboards name it. */
const VIEW = '';

/** CoreDNS's metrics of queries and replies. */
export class QueryMetrics {
  private readonly requests: Family<Cell>;
  private readonly duration: Family<HistogramCell>;
  private readonly requestSize: Family<HistogramCell>;
  private readonly responseSize: Family<HistogramCell>;
  private readonly doRequests: Family<Cell>;
  private readonly responses: Family<Cell>;
  /** The cells by server and zone: labels are looked up once, not per query. */
  private readonly zones = new Map<string, ZoneCells>();

  constructor(metrics: Metrics) {
    const zone = ['server', 'zone', 'view'];
    const name = 'coredns_dns';
    this.requests = metrics.counter(
      `${name}_requests_total`,
      'Counter of DNS requests made per zone, protocol and family.',
      [...zone, 'proto', 'family', 'type'],
    );
    this.duration = metrics.histogram(
      `${name}_request_duration_seconds`,
      'Histogram of the time (in seconds) each request took per zone.',
      zone,
      TIME_BUCKETS,
    );
    this.requestSize = metrics.histogram(
      `${name}_request_size_bytes`,
      'Size of the requests, in bytes, per zone and protocol.',
      [...zone, 'proto'],
      SIZE_BUCKETS,
    );
    this.responseSize = metrics.histogram(
      `${name}_response_size_bytes`,
      'Size of the responses as sent, in bytes, per zone and protocol.',
      [...zone, 'proto'],
      SIZE_BUCKETS,
    );
    this.doRequests = metrics.counter(
      `${name}_do_requests_total`,
      'Counter of DNS requests with DO bit set per zone.',
      zone,
    );
    this.responses = metrics.counter(`${name}_responses_total`, 'Counter of response status codes.', [
      ...zone,
      'rcode',
      'plugin',
    ]);
  }

  count(query: Query, { reply, octets, durationMs }: Sent): void {
    const cells = this.cellsOf(query);
    const { protocol } = query;
    cells.requests(protocol, query.client.address.includes(':') ? '2' : '1', query.type).value++;
    cells.duration.observe(durationMs / 1000);
    cells.requestSize[protocol].observe(query.octets);
    if (query.edns?.do) cells.doRequests.value++;
    if (reply.drop) return;
    cells.responseSize[protocol].observe(octets);
    cells.responses(reply.rcode, reply.source).value++;
  }

  private cellsOf({ server, zone }: Query): ZoneCells {
    const key = `${server} ${zone}`;
    let cells = this.zones.get(key);
    if (!cells) {
      cells = this.makeCells([server, zone, VIEW]);
      this.zones.set(key, cells);
    }
    return cells;
  }

  private makeCells(zone: readonly string[]): ZoneCells {
    const sizes = (family: Family<HistogramCell>) => ({
      udp: family.cell(...zone, 'udp'),
      tcp: family.cell(...zone, 'tcp'),
    });
    return {
      requests: remember((protocol: string, family: string, type: number) => {
        const mnemonic = printType(type);
        return this.requests.cell(...zone, protocol, family, COUNTED_TYPES.has(mnemonic) ? mnemonic : 'other');
      }),
      responses: remember((rcode: number, plugin: string) => this.responses.cell(...zone, printRcode(rcode), plugin)),
      duration: this.duration.cell(...zone),
      requestSize: sizes(this.requestSize),
      responseSize: sizes(this.responseSize),
      doRequests: this.doRequests.cell(...zone),
    };
  }
}

interface ZoneCells {
  requests(protocol: string, family: string, type: number): Cell;
  responses(rcode: number, plugin: string): Cell;
  readonly duration: HistogramCell;
  readonly requestSize: { readonly udp: HistogramCell; readonly tcp: HistogramCell };
  readonly responseSize: { readonly udp: HistogramCell; readonly tcp: HistogramCell };
  readonly doRequests: Cell;
}

/** More combinations than a client's make-up should cost; beyond it cells are looked up by their labels. */
const MAX_REMEMBERED = 1024;

/** The same look-up with its results kept. */
function remember<A extends readonly (string | number)[]>(find: (...args: A) => Cell): (...args: A) => Cell {
  const cells = new Map<string, Cell>();
  return (...args) => {
    const key = args.join(' ');
    let cell = cells.get(key);
    if (!cell) {
      cell = find(...args);
      if (cells.size < MAX_REMEMBERED) cells.set(key, cell);
    }
    return cell;
  };
}
