/** How many exchanges the estimate is made from: the latest. */
const SAMPLES = 128;
/** How many there must be before the first estimate, and between two. */
const STEP = 16;
const QUANTILE = 0.95;

/** Estimates how long an upstream takes for all but 5 % of its responses, from its latest exchanges. */
export class Latency {
  private readonly samples = new Float64Array(SAMPLES);
  private count = 0;
  private estimate: number | undefined;

  /** The estimate; undefined while too little is known. */
  get p95Ms(): number | undefined {
    return this.estimate;
  }

  /** A time-out counts with the time that it took. */
  add(durationMs: number): void {
    this.samples[this.count++ % SAMPLES] = durationMs;
    if (this.count % STEP !== 0) return;
    const sorted = this.samples.slice(0, Math.min(this.count, SAMPLES)).sort();
    this.estimate = sorted[Math.ceil(sorted.length * QUANTILE) - 1]!;
  }
}
