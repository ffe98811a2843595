import type { FrameSink } from '../../net/frame-stream/sink.ts';
import type { FrameCounts } from '../../net/frame-stream/writer.ts';
import type { Timer } from '../../observe/clock.ts';
import { createEpisode, type Episode } from '../../observe/episode.ts';
import type { Kept, PluginEnv } from '../../plugin/env.ts';
import { watchCredentials } from '../../plugin/watched-credentials.ts';
import { makeSink } from './make-sink.ts';
import type { DnstapMetrics } from './metrics.ts';
import type { TapOptions } from './options.ts';

/** How often dropped messages are logged. */
export const REPORT_MS = 10_000;

/** What an operator wants to know of a sink. */
export interface SinkStatus {
  readonly name: string;
  readonly connections: number;
  /** Messages that wait, were sent, and were dropped. */
  readonly queued: number;
  readonly sent: number;
  readonly dropped: number;
  readonly problem: string | undefined;
}

/** A sink with its files, counts and log lines. It outlives a reload as long as what the Corefile says of it stays the same. */
export class KeptSink implements Kept {
  readonly sink: FrameSink;
  private readonly credentials: ReturnType<typeof watchCredentials> | undefined;
  private readonly env: PluginEnv;
  private readonly name: string;
  private readonly metrics: DnstapMetrics;
  /** All messages that were sent or dropped. */
  private sent = 0;
  private allDropped = 0;
  private readonly dropping: Episode;
  private readonly isListener: boolean;
  /** Dropped messages that are not logged yet. */
  private dropped = 0;
  private reports: Timer | undefined;
  private hide: (() => void) | undefined;

  constructor(options: TapOptions, metrics: DnstapMetrics, env: PluginEnv) {
    this.env = env;
    this.name = options.name;
    this.isListener = options.isListener;
    this.dropping = createEpisode(env.clock, () => {});
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

  /** A listener may have no readers; a program that should be reached may not be away. */
  status(): SinkStatus {
    const { name, sink, sent, allDropped: dropped } = this;
    const { connections, queued } = sink;
    const isAway = !this.isListener && connections === 0;
    const problem = isAway ? 'there is no connection to it' : this.dropping.present();
    return { name, connections, queued, sent, dropped, problem };
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
      written: (frames) => {
        this.sent += frames;
        counts.written(frames);
      },
      full: () => {
        this.drop(1, 'it reads too slowly, so messages are dropped');
        counts.full();
      },
      lost: (frames) => {
        this.drop(frames, 'a connection to it ended, and messages were lost');
        counts.lost(frames);
      },
    };
  }

  private drop(frames: number, why: string): void {
    this.dropped += frames;
    this.allDropped += frames;
    this.dropping(why);
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
