/*
 * What the server tells its operator, and the clock, which tests can move. Begin here with metrics; the log is in log.ts. It never asks
 * who uses it: owners of numbers move them, and nothing here reads the state of another folder.
 */

/** One time series of a counter or a gauge: a plain number that its owner moves. */
export interface Cell {
  value: number;
}

/** One time series of a histogram. */
export interface HistogramCell {
  /** Counts a value, `times` times over. */
  observe(value: number, times?: number): void;
}

/** The time series of one metric, by the values of its labels. Get a cell once and keep it: finding it costs time, using it does not. */
export interface Family<C> {
  /** The series with these label values, given in the order in which the labels were declared. */
  cell(...labelValues: string[]): C;
  /** Forgets all series, for gauges that describe what is configured now. */
  reset(): void;
  /** Forgets the series in which a label has this value. Their cells can still be moved, but are no longer shown. */
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

/** Writes a cell of a metric: the lines of a series, with the text of its labels. */
type Print<C> = (name: string, labels: string, cell: C) => string;

interface Series<C> {
  readonly values: readonly string[];
  /** `a="1",b="2"` */
  readonly labels: string;
  readonly cell: C;
}

/** A metric and its text: the header, then the lines of each series. */
interface Known {
  readonly family: Family<unknown>;
  readonly description: MetricDescription;
  readonly lines: () => Iterable<string>;
}

/** How many series are written in one turn of the event loop. */
const SERIES_IN_A_ROW = 500;

/** The metrics of the process. Asking twice for one name gives the same family, so counts go on over a reload. */
export class Metrics {
  private readonly foreign = new Map<string, () => Promise<string>>();
  private readonly families = new Map<string, Known>();
  private readonly collectors = new Map<string, () => void>();
  private readonly shows = new Set<Show>();
  /** The text that is being made. */
  private making: Promise<string> | undefined;

  counter(name: string, help: string, labels: readonly string[] = []): Family<Cell> {
    return this.family({ name, help, type: 'counter', labels }, numberCell, printNumber);
  }

  gauge(name: string, help: string, labels: readonly string[] = []): Family<Cell> {
    return this.family({ name, help, type: 'gauge', labels }, numberCell, printNumber);
  }

  histogram(name: string, help: string, labels: readonly string[], buckets: readonly number[]): Family<HistogramCell> {
    return this.family({ name, help, type: 'histogram', labels }, () => new Buckets(buckets), printBuckets);
  }

  /** Runs `collect` before every scrape, to set gauges that nothing else moves. A second function under the same key replaces the first. */
  onScrape(key: string, collect: () => void): void {
    this.collectors.set(key, collect);
  }

  /**
   * Runs `collect` before every scrape, to set gauges that show the present state. The gauges are emptied first, once for all functions that set
   * them; a later function overwrites the values of earlier ones. Returns a function that ends it.
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

  /** Adds text in the same format, for metrics that are not in this registry. It comes last. A second function under the same key is ignored. */
  addText(key: string, make: () => () => Promise<string>): void {
    if (!this.foreign.has(key)) this.foreign.set(key, make());
  }

  /** All metrics in Prometheus' text format, made in pieces. Calls that come meanwhile get the same text. */
  expose(): Promise<string> {
    this.making ??= this.print().finally(() => {
      this.making = undefined;
    });
    return this.making;
  }

  private async print(): Promise<string> {
    for (const collect of this.collectors.values()) collect();
    for (const { gauges } of this.shows) for (const gauge of gauges) gauge.reset();
    for (const { collect } of this.shows) collect();
    const pieces: string[] = [];
    for (const { lines } of this.families.values()) {
      for (const line of lines()) {
        pieces.push(line);
        if (pieces.length % SERIES_IN_A_ROW === 0) await new Promise(setImmediate);
      }
      pieces.push('');
    }
    for (const text of this.foreign.values()) pieces.push(await text());
    return pieces.join('\n');
  }

  private family<C>(description: MetricDescription, create: () => C, print: Print<C>): Family<C> {
    const { name, type, labels } = description;
    const known = this.families.get(name)?.family;
    if (known) return known as Family<C>;
    const series = new Map<string, Series<C>>();
    const family: Family<C> = {
      cell(...values) {
        const key = values.join('\0');
        let entry = series.get(key);
        if (!entry) {
          entry = { values, labels: printLabels(labels, values), cell: create() };
          series.set(key, entry);
        }
        return entry.cell;
      },
      reset: () => series.clear(),
      forget(label, value) {
        const at = labels.indexOf(label);
        for (const [key, { values }] of series) if ((values[at] ?? '') === value) series.delete(key);
      },
    };
    if (labels.length === 0 && type !== 'histogram') family.cell();
    const lines = function* () {
      yield printHead(description);
      for (const { labels, cell } of series.values()) yield print(name, labels, cell);
    };
    this.families.set(name, { family, description, lines });
    return family;
  }
}

const numberCell = (): Cell => ({ value: 0 });
const printNumber: Print<Cell> = (name, labels, { value }) => printLine(name, labels, value);

function printHead({ name, help, type }: MetricDescription): string {
  return `# HELP ${name} ${help.replace(/\\/g, '\\\\').replace(/\n/g, '\\n')}\n# TYPE ${name} ${type}`;
}

function printLabels(names: readonly string[], values: readonly string[]): string {
  const escaped = (text: string) => text.replace(/[\\"]/g, '\\$&').replace(/\n/g, '\\n');
  return names.map((name, i) => `${name}="${escaped(values[i] ?? '')}"`).join(',');
}

function printLine(name: string, labels: string, value: number): string {
  const text = Number.isFinite(value) ? `${value}` : `${value}`.replace(/^(?=I)/, '+').replace('inity', '');
  return labels === '' ? `${name} ${text}` : `${name}{${labels}} ${text}`;
}

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

/** The buckets of a histogram are cumulative only in the text. */
const printBuckets: Print<Buckets> = (name, labels, { bounds, counts, sum, count }) => {
  const bucket = (le: number | string, value: number) =>
    printLine(`${name}_bucket`, labels === '' ? `le="${le}"` : `${labels},le="${le}"`, value);
  let below = 0;
  const lines = bounds.map((le, i) => {
    below += counts[i]!;
    return bucket(le, below);
  });
  lines.push(bucket('+Inf', count), printLine(`${name}_sum`, labels, sum), printLine(`${name}_count`, labels, count));
  return lines.join('\n');
};
