import { Registry } from 'prom-client';

/** One time series of a counter or a gauge: a plain number that its owner moves. */
export interface Cell {
  value: number;
}

/** One time series of a histogram. */
export interface HistogramCell {
  /** Counts a value, `times` times over. */
  observe(value: number, times?: number): void;
}

/** The time series of one metric, by the values of its labels. Ask for a cell once and keep it: the look-up costs, the cell does not. */
export interface Family<C> {
  /** The series with these label values, given in the order in which the labels were declared. */
  cell(...labelValues: string[]): C;
  /** Forgets all series, for gauges that describe what is configured now. */
  reset(): void;
  /** Forgets the series in which a label has this value; who still holds a cell of them counts for nobody. */
  forget(label: string, value: string): void;
}

/** What a metric is, for the page that lists them all. */
export interface MetricDescription {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly labels: readonly string[];
}

/** CoreDNS's buckets, in seconds: 0.25 ms doubled up to 8.192 s. */
export const TIME_BUCKETS: readonly number[] = Array.from({ length: 16 }, (_, i) => 0.00025 * 2 ** i);
/** 0.25 ms times ten up to 2.5 s. */
export const SLIM_TIME_BUCKETS: readonly number[] = Array.from({ length: 5 }, (_, i) => 0.00025 * 10 ** i);
/** Message sizes, in octets. */
export const SIZE_BUCKETS: readonly number[] = [
  0, 100, 200, 300, 400, 511, 1023, 2047, 4095, 8291, 16000, 32000, 48000, 64000,
];

interface Show {
  readonly gauges: readonly Family<Cell>[];
  readonly collect: () => void;
}

type Value = { value: number; labels: Record<string, string | number>; metricName?: string };

/** What prom-client's registry asks of a metric when it is scraped. */
interface Exposed {
  name: string;
  help: string;
  type: string;
  values: Value[];
  aggregator: string;
}

/** The metrics of the process. Asking twice for one name gives the same family, so counts go on over a reload. */
export class Metrics {
  private readonly registry = new Registry();
  private readonly families = new Map<string, { family: Family<unknown>; description: MetricDescription }>();
  private readonly collectors = new Map<string, () => void>();
  private readonly shows = new Set<Show>();

  counter(name: string, help: string, labels: readonly string[] = []): Family<Cell> {
    return this.family({ name, help, type: 'counter', labels }, numberCell, plainValues);
  }

  gauge(name: string, help: string, labels: readonly string[] = []): Family<Cell> {
    return this.family({ name, help, type: 'gauge', labels }, numberCell, plainValues);
  }

  histogram(name: string, help: string, labels: readonly string[], buckets: readonly number[]): Family<HistogramCell> {
    return this.family({ name, help, type: 'histogram', labels }, () => new Buckets(buckets), bucketValues);
  }

  /** Runs `collect` before every scrape, to set gauges that nobody moves; a second one under the same key replaces the first. */
  onScrape(key: string, collect: () => void): void {
    this.collectors.set(key, collect);
  }

  /**
   * Runs `collect` before every scrape, to set gauges of what is there now: they are emptied first, once for all who show
   * something in them, and those who came last have the last word. The function that this gives ends it.
   */
  show(gauges: readonly Family<Cell>[], collect: () => void): () => void {
    const show = { gauges, collect };
    this.shows.add(show);
    return () => {
      this.shows.delete(show);
      for (const gauge of gauges) gauge.reset();
    };
  }

  /** All metrics that were asked for so far, by their names. */
  get descriptions(): readonly MetricDescription[] {
    const all = [...this.families.values()].map(({ description }) => description);
    return all.sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** prom-client's registry, for its default process metrics. */
  get promRegistry(): Registry {
    return this.registry;
  }

  /** All metrics in Prometheus' text format. */
  async expose(): Promise<string> {
    for (const collect of this.collectors.values()) collect();
    for (const { gauges } of this.shows) for (const gauge of gauges) gauge.reset();
    for (const { collect } of this.shows) collect();
    return this.registry.metrics();
  }

  private family<C>(
    description: MetricDescription,
    create: () => C,
    valuesOf: (name: string, labels: Record<string, string>, cell: C) => Value[],
  ): Family<C> {
    const { name, help, type, labels } = description;
    const known = this.families.get(name)?.family;
    if (known) return known as Family<C>;
    const series = new Map<string, { labels: Record<string, string>; cell: C }>();
    const family: Family<C> = {
      cell(...values) {
        const key = values.join('\0');
        let entry = series.get(key);
        if (!entry) {
          entry = { labels: Object.fromEntries(labels.map((label, i) => [label, values[i] ?? ''])), cell: create() };
          series.set(key, entry);
        }
        return entry.cell;
      },
      reset: () => series.clear(),
      forget(label, value) {
        for (const [key, entry] of series) if (entry.labels[label] === value) series.delete(key);
      },
    };
    if (labels.length === 0 && type !== 'histogram') family.cell();
    const get = async (): Promise<Exposed> => ({
      name,
      help,
      type,
      aggregator: 'sum',
      values: [...series.values()].flatMap((entry) => valuesOf(name, entry.labels, entry.cell)),
    });
    this.registry.registerMetric({ name, get, reset: family.reset } as never);
    this.families.set(name, { family, description });
    return family;
  }
}

const numberCell = (): Cell => ({ value: 0 });
const plainValues = (_: string, labels: Record<string, string>, cell: Cell): Value[] => [{ value: cell.value, labels }];

class Buckets implements HistogramCell {
  readonly bounds: readonly number[];
  readonly counts: number[];
  sum = 0;
  count = 0;

  constructor(bounds: readonly number[]) {
    this.bounds = bounds;
    this.counts = bounds.map(() => 0);
  }

  observe(value: number, times = 1): void {
    this.sum += value * times;
    this.count += times;
    for (let i = 0; i < this.bounds.length; i++) {
      if (value <= this.bounds[i]!) {
        this.counts[i]! += times;
        return;
      }
    }
  }
}

/** A histogram's buckets are cumulative where they are shown, and only there. */
function bucketValues(name: string, labels: Record<string, string>, cell: Buckets): Value[] {
  let below = 0;
  const values = cell.bounds.map((le, i): Value => {
    below += cell.counts[i]!;
    return { metricName: `${name}_bucket`, labels: { ...labels, le }, value: below };
  });
  return [
    ...values,
    { metricName: `${name}_bucket`, labels: { ...labels, le: '+Inf' }, value: cell.count },
    { metricName: `${name}_sum`, labels, value: cell.sum },
    { metricName: `${name}_count`, labels, value: cell.count },
  ];
}
