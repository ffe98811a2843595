import { printRcode, Rcode } from '../../dns/message.ts';
import type { Cell, Family, Metrics } from '../../observe/metrics.ts';
import { type ClientView, findClient } from '../../plugin/client-view.ts';
import type { Kept } from '../../plugin/env.ts';
import type { Sent } from '../../plugin/plugin.ts';
import type { Query } from '../../plugin/query.ts';
import { SearchLookups } from '../../plugin/search-lookups.ts';

/** A namespace whose pods have asked nothing for this long gives its place to another one, if there are too many. */
export const IDLE_MS = 60 * 60 * 1000;

const LABEL = 'client_namespace';
/** Namespaces beyond the limit share this value, and so do rcodes without a name. */
const OTHER = 'other';
const UNNAMED = -1;
const KNOWN_RCODES: ReadonlySet<number> = new Set(Object.values(Rcode));

interface NamespaceCells {
  readonly namespace: string;
  readonly queries: Cell;
  readonly outside: Cell;
  readonly wasted: Cell;
  /** By rcode. Those without a name share one. */
  readonly responses: Map<number, Cell>;
  lastMs: number;
}

/** Counts queries by the namespace of the pod that sent them. There is one for all server blocks of the process. */
export class NamespaceMetrics implements Kept {
  private readonly queries: Family<Cell>;
  private readonly responses: Family<Cell>;
  private readonly outside: Family<Cell>;
  private readonly wasted: Family<Cell>;
  private readonly lookups: SearchLookups;
  private readonly byNamespace = new Map<string, NamespaceCells>();
  private readonly unknown: NamespaceCells;
  private readonly other: NamespaceCells;
  private limit = 0;

  constructor(metrics: Metrics) {
    const name = 'cairn_namespace';
    this.queries = metrics.counter(`${name}_queries_total`, 'Queries by the namespace of the pod that sent them.', [
      LABEL,
    ]);
    this.responses = metrics.counter(`${name}_responses_total`, 'Responses by the namespace of the pod, and rcode.', [
      LABEL,
      'rcode',
    ]);
    this.outside = metrics.counter(`${name}_outside_queries_total`, 'Queries for names outside of the cluster.', [
      LABEL,
    ]);
    this.wasted = metrics.counter(
      `${name}_wasted_queries_total`,
      'Queries of search lists that got NXDOMAIN before another query of the same lookup got an answer.',
      [LABEL],
    );
    const help = 'Lookups that were no longer followed, because there were too many to find wasted queries.';
    this.lookups = new SearchLookups(metrics.counter(`${name}_displaced_lookups_total`, help).cell());
    this.unknown = this.makeCells('');
    this.other = this.makeCells(OTHER);
  }

  /** @param views the clusters whose pods are known */
  count(query: Query, { reply }: Pick<Sent, 'reply'>, views: readonly ClientView[]): void {
    const client = findClient(query.client.address, views);
    const cells = client ? this.cellsOf(client.namespace) : this.unknown;
    cells.lastMs = query.receivedMs;
    cells.queries.value++;
    if (views.length > 0 && !views.some((each) => each.holds(query.name))) cells.outside.value++;
    if (reply.drop) return;
    this.responsesOf(cells, reply.rcode).value++;
    if (!client) return;
    const { view, namespace } = client;
    cells.wasted.value += this.lookups.note(query, reply.rcode, () => view.searchList(query.name, namespace));
  }

  /** Sets how many namespaces have values of their own. */
  setLimit(limit: number): void {
    this.limit = limit;
    for (const namespace of [...this.byNamespace.keys()].slice(limit)) this.forget(namespace);
  }

  /** Shows the lookups that are followed, and makes room for namespaces. Returns a function that ends it. */
  show(metrics: Metrics, nowMs: () => number): () => void {
    const help = 'Lookups of search lists that are followed to find wasted queries.';
    const following = metrics.gauge('cairn_namespace_followed_lookups', help);
    return metrics.show([following], () => {
      following.cell().value = this.lookups.size;
      if (this.byNamespace.size < this.limit) return;
      for (const [namespace, { lastMs }] of this.byNamespace) if (nowMs() - lastMs > IDLE_MS) this.forget(namespace);
    });
  }

  /** Nobody counts any more. */
  stop(): void {
    for (const family of this.families) family.reset();
  }

  private get families(): readonly Family<Cell>[] {
    return [this.queries, this.responses, this.outside, this.wasted];
  }

  private cellsOf(namespace: string): NamespaceCells {
    const known = this.byNamespace.get(namespace);
    if (known) return known;
    if (namespace === OTHER || this.byNamespace.size >= this.limit) return this.other;
    const cells = this.makeCells(namespace);
    this.byNamespace.set(namespace, cells);
    return cells;
  }

  private makeCells(namespace: string): NamespaceCells {
    return {
      namespace,
      queries: this.queries.cell(namespace),
      outside: this.outside.cell(namespace),
      wasted: this.wasted.cell(namespace),
      responses: new Map(),
      lastMs: 0,
    };
  }

  private responsesOf({ namespace, responses }: NamespaceCells, rcode: number): Cell {
    const key = KNOWN_RCODES.has(rcode) ? rcode : UNNAMED;
    let cell = responses.get(key);
    if (!cell) {
      cell = this.responses.cell(namespace, key === UNNAMED ? OTHER : printRcode(rcode));
      responses.set(key, cell);
    }
    return cell;
  }

  private forget(namespace: string): void {
    this.byNamespace.delete(namespace);
    for (const family of this.families) family.forget(LABEL, namespace);
  }
}
