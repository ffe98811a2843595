import { atMostArgs, durationMs, exactArgs, integer, once, parseOptions } from '../../corefile/arguments.ts';
import type { Directive, OptionLine } from '../../corefile/ast.ts';
import { attempt, CorefileError, throwAll } from '../../corefile/error.ts';
import type { Token } from '../../corefile/token.ts';
import type { ParseContext } from '../../plugin/plugin.ts';

export interface TraceOptions {
  /** Where spans go. */
  readonly url: string;
  /** Every how many queries one is traced. */
  readonly every: number;
  readonly service: string;
  /** The maximum number of spans that wait to be sent. */
  readonly maxBacklog: number;
  /** The maximum number of spans in a request. */
  readonly maxBatch: number;
  readonly intervalMs: number;
}

/** CoreDNS's. */
const SERVICE = 'coredns';
const MAX_BACKLOG = 2048;
const MAX_BATCH = 512;
const INTERVAL_MS = 1000;
/** A longer time is a mistake, and Node.js has no timers for very long ones. */
const MAX_INTERVAL_MS = 3_600_000;
/** An operator who allows more waiting spans than this has probably made a mistake: each takes about a kilobyte. */
const MOST_SPANS = 1_000_000;

/** The ports of OTLP over HTTP and over gRPC. */
const HTTP_PORT = '4318';
const GRPC_PORT = '4317';
const PATH = '/v1/traces';

/** @throws CorefileError, CorefileErrors */
export function parseTrace(uses: readonly Directive[], { warn }: ParseContext): TraceOptions {
  const directive = once(uses);
  const errors: CorefileError[] = [];
  const url = attempt(errors, () => parseDestination(directive, warn));
  const said = { every: 1, service: SERVICE, maxBacklog: MAX_BACKLOG, maxBatch: 0, intervalMs: INTERVAL_MS };
  attempt(errors, () =>
    parseOptions(directive, {
      every(line) {
        said.every = integer(exactArgs(line, 1)[0], { min: 1 }, 'number of queries');
      },
      service(line) {
        said.service = exactArgs(line, 1)[0].text;
      },
      max_backlog_size(line) {
        said.maxBacklog = spansOf(line);
      },
      max_batch_size(line) {
        said.maxBatch = spansOf(line);
      },
      max_batch_interval(line) {
        said.intervalMs = durationMs(exactArgs(line, 1)[0], { minMs: 1, maxMs: MAX_INTERVAL_MS });
      },
      ...OPTIONS_OF_OTHERS,
    }),
  );
  throwAll(errors);
  const { maxBacklog, maxBatch } = said;
  if (maxBatch > maxBacklog) {
    const { position } = directive.options.findLast(({ name }) => name === 'max_batch_size')!;
    throw new CorefileError(
      position,
      `max_batch_size ${maxBatch} is more than max_backlog_size, which is ${maxBacklog}`,
    );
  }
  return { url: url!, ...said, maxBatch: maxBatch || Math.min(MAX_BATCH, maxBacklog) };
}

function spansOf(line: OptionLine): number {
  return integer(exactArgs(line, 1)[0], { min: 1, max: MOST_SPANS }, 'number of spans');
}

/** Options of CoreDNS for protocols that are not OTLP. */
const OPTIONS_OF_OTHERS = {
  client_server: refuse("client_server is an option for Zipkin's spans - remove it"),
  datadog_analytics_rate: refuse("datadog_analytics_rate is an option for Datadog's protocol - remove it"),
  zipkin_max_backlog_size: rename('max_backlog_size'),
  zipkin_max_batch_size: rename('max_batch_size'),
  zipkin_max_batch_interval: rename('max_batch_interval'),
};

function refuse(message: string) {
  return ({ position }: OptionLine): never => {
    throw new CorefileError(position, message);
  };
}

function rename(name: string) {
  return (line: OptionLine): never => {
    const rest = line.args.map(({ text }) => ` ${text}`).join('');
    throw new CorefileError(line.position, `spans are sent over OTLP alone - write '${name}${rest}'`);
  };
}

/** The URL of `trace otlp [ENDPOINT]`. CoreDNS's own forms mean Zipkin or Datadog, and must not send OTLP there. */
function parseDestination(directive: Directive, warn: ParseContext['warn']): string {
  const [kind, endpoint] = atMostArgs(directive, 2);
  if (kind?.text.toLowerCase() !== 'otlp') throw withoutOtlp(directive, kind, endpoint);
  if (endpoint === undefined) return `http://localhost:${HTTP_PORT}${PATH}`;
  const url = urlOf(endpoint);
  if (url.port === GRPC_PORT) {
    const message = `${GRPC_PORT} is the port of OTLP over gRPC, and spans are sent over HTTP: its port is ${HTTP_PORT}`;
    warn(endpoint.position, message, 'looks-like');
  }
  return url.href;
}

function withoutOtlp({ position }: Directive, kind: Token | undefined, endpoint: Token | undefined): CorefileError {
  const name = /^(?:zipkin|datadog)$/i.exec(kind?.text ?? '')?.[0].toLowerCase();
  const host = hostOf((name ? endpoint : kind)?.text);
  const said = name ? `'trace ${name}' is not supported` : "without 'otlp' this means Zipkin to CoreDNS";
  const instead = `'trace otlp http://${host}:${HTTP_PORT}' if a collector is at ${host}`;
  return new CorefileError(kind?.position ?? position, `${said}: spans are sent over OTLP alone - write ${instead}`);
}

/** The host of an endpoint as CoreDNS reads it. */
function hostOf(text: string | undefined): string {
  return /^(?:\w+:\/\/)?(\[[^\]]*\]|[^:/]+)/.exec(text ?? '')?.[1] ?? 'localhost';
}

/** @throws CorefileError */
function urlOf({ text, position }: Token): URL {
  const hasScheme = text.includes('://');
  const url = URL.parse(hasScheme ? text : `http://${text}`);
  const isHttp = url?.protocol === 'http:' || url?.protocol === 'https:';
  if (!isHttp || url.hash !== '') {
    const instead = `HOST, HOST:PORT, or a URL such as https://collector.example.org:${HTTP_PORT}${PATH}`;
    throw new CorefileError(position, `invalid endpoint '${text}', expecting ${instead}`);
  }
  if (url.username !== '' || url.password !== '') {
    const instead = 'put a header into the environment variable OTEL_EXPORTER_OTLP_HEADERS';
    throw new CorefileError(position, `an endpoint has no user and password - ${instead}`);
  }
  if (!hasScheme && url.port === '' && !/:\d+\/?$/.test(text)) url.port = HTTP_PORT;
  if (url.pathname === '/') url.pathname = PATH;
  return url;
}
