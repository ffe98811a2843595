import type { FrameSink } from '../../net/frame-stream/sink.ts';
import type { FrameCounts } from '../../net/frame-stream/writer.ts';
import type { Timer } from '../../observe/clock.ts';
import type { Kept, PluginEnv } from '../../plugin/env.ts';
import { watchCredentials } from '../../plugin/watched-credentials.ts';
import { makeSink } from './make-sink.ts';
import type { DnstapMetrics } from './metrics.ts';
import type { TapOptions } from './options.ts';

/** How often dropped messages are logged. */
export const REPORT_MS = 10_000;

/** A sink with its files, counts and log lines. It outlives a reload as long as what the Corefile says of it stays the same. */
export class KeptSink implements Kept {
  readonly sink: FrameSink;
  private readonly credentials: ReturnType<typeof watchCredentials> | undefined;
  private readonly env: PluginEnv;
  private readonly name: string;
  private readonly metrics: DnstapMetrics;
  /** Dropped messages that are not logged yet. */
  private dropped = 0;
  private reports: Timer | undefined;
  private hide: (() => void) | undefined;

  constructor(options: TapOptions, metrics: DnstapMetrics, env: PluginEnv) {
    this.env = env;
    this.name = options.name;
    this.metrics = metrics;
    this.credentials = credentialsFor(options, env);
    const credentials = this.credentials && (() => this.credentials!.credentials());
    this.sink = makeSink(options, this.counting(metrics.countsOf(options.name)), env, credentials);
  }

  /** Reads the certificate of a listener. @throws CorefileError (as a rejection) */
  async load(): Promise<void> {
    await this.credentials?.load();
  }

  /** Opens the sink, if it is not open yet. */
  open(): void {
    if (this.hide) return;
    this.hide = this.metrics.watch(this.name, this.sink);
    this.reports = this.env.clock.every(REPORT_MS, () => this.report());
    this.sink.open();
  }

  async stop(): Promise<void> {
    this.credentials?.stop?.();
    await this.sink.stop();
    this.reports?.cancel();
    this.report();
    this.hide?.();
  }

  private counting(counts: FrameCounts): FrameCounts {
    return {
      written: counts.written,
      full: () => {
        this.dropped++;
        counts.full();
      },
      lost: (frames) => {
        this.dropped += frames;
        counts.lost(frames);
      },
    };
  }

  private report(): void {
    if (this.dropped > 0) this.env.log.warning(`Dropped dnstap messages: ${this.dropped} (${this.name})`);
    this.dropped = 0;
  }
}

/** What a listener over TLS shows, and what it asks of those who connect. */
function credentialsFor(
  { isListener, endpoint, tls, skipVerify, position }: TapOptions,
  env: PluginEnv,
): ReturnType<typeof watchCredentials> | undefined {
  if (!isListener || endpoint.kind !== 'tls' || !tls) return undefined;
  const clientAuth = tls.ca === undefined ? 'nocert' : skipVerify ? 'verify_if_given' : 'require_and_verify';
  const ca = tls.ca === undefined ? undefined : env.path(tls.ca);
  return watchCredentials({ position, cert: env.path(tls.cert), key: env.path(tls.key), ca, clientAuth }, env);
}
