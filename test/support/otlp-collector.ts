import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type RequestListener, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import protobuf from 'protobufjs';
import { onTestFinished } from 'vitest';

/** The messages of OTLP for traces, as far as the tests read them, with the names and numbers of opentelemetry-proto 1. */
const MESSAGES = `
  syntax = "proto3";
  message ExportTraceServiceRequest { repeated ResourceSpans resource_spans = 1; }
  message ResourceSpans { Resource resource = 1; repeated ScopeSpans scope_spans = 2; }
  message Resource { repeated KeyValue attributes = 1; }
  message ScopeSpans { InstrumentationScope scope = 1; repeated Span spans = 2; }
  message InstrumentationScope { string name = 1; string version = 2; }
  message Span {
    bytes trace_id = 1;
    bytes span_id = 2;
    bytes parent_span_id = 4;
    string name = 5;
    SpanKind kind = 6;
    fixed64 start_time_unix_nano = 7;
    fixed64 end_time_unix_nano = 8;
    repeated KeyValue attributes = 9;
    Status status = 15;
  }
  enum SpanKind { UNSPECIFIED = 0; INTERNAL = 1; SERVER = 2; CLIENT = 3; PRODUCER = 4; CONSUMER = 5; }
  message Status { string message = 2; StatusCode code = 3; }
  enum StatusCode { UNSET = 0; OK = 1; ERROR = 2; }
  message KeyValue { string key = 1; AnyValue value = 2; }
  message AnyValue { oneof value { string string_value = 1; bool bool_value = 2; int64 int_value = 3; double double_value = 4; } }
`;
const REQUEST = protobuf.parse(MESSAGES).root.lookupType('ExportTraceServiceRequest');

export interface CollectedSpan {
  readonly traceId: string;
  readonly id: string;
  /** Empty for the span of a query. */
  readonly parentId: string;
  readonly name: string;
  readonly kind: string;
  readonly startNs: bigint;
  readonly endNs: bigint;
  readonly attributes: Readonly<Record<string, unknown>>;
  /** Undefined if nothing failed. */
  readonly error: string | undefined;
  readonly resource: Readonly<Record<string, unknown>>;
}

interface CollectorRequest {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly spans: readonly CollectedSpan[];
}

/** A collector of OpenTelemetry that keeps what it gets in memory. */
export interface Collector {
  /** `HOST:PORT` */
  readonly endpoint: string;
  readonly requests: readonly CollectorRequest[];
  readonly spans: readonly CollectedSpan[];
  /** How the collector treats a request from now on: with this status, or with silence. */
  respond: number | 'never';
}

/** Starts a collector, which ends with the test; with a certificate, over HTTPS. */
export async function startCollector(tls?: { readonly cert: Buffer; readonly key: Buffer }): Promise<Collector> {
  const requests: CollectorRequest[] = [];
  const take: RequestListener = async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const spans = spansIn(Buffer.concat(chunks));
    requests.push({ path: request.url!, headers: request.headers, spans });
    respond(response);
  };
  const server = tls ? createTlsServer({ ...tls }, take) : createServer(take);
  const respond = (response: ServerResponse) => {
    if (collector.respond === 'never') return;
    response.writeHead(collector.respond, { 'content-type': 'application/x-protobuf' }).end();
  };
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const collector: Collector = {
    endpoint: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    get spans() {
      return requests.flatMap(({ spans }) => spans);
    },
    respond: 200,
  };
  return collector;
}

/** The spans of a query as a tree: one line for each span, indented below its parent. */
export function treeOf(spans: readonly CollectedSpan[], parentId = '', indent = ''): string {
  const below = spans.filter((span) => span.parentId === parentId).sort((a, b) => Number(a.startNs - b.startNs));
  return below.map(({ id, name }) => `${indent}${name}\n${treeOf(spans, id, `${indent}  `)}`).join('');
}

/** What protobufjs makes of a message, with base64 for bytes and text for numbers of 64 bits. */
interface Decoded {
  readonly resourceSpans: readonly {
    readonly resource: Attributed;
    readonly scopeSpans: readonly { readonly spans: readonly DecodedSpan[] }[];
  }[];
}

interface Attributed {
  readonly attributes: readonly { readonly key: string; readonly value: Readonly<Record<string, unknown>> }[];
}

interface DecodedSpan extends Attributed {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly name: string;
  readonly kind: string;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly status: { readonly code: string; readonly message: string } | null;
}

function spansIn(octets: Uint8Array): readonly CollectedSpan[] {
  const request = REQUEST.toObject(REQUEST.decode(octets), {
    longs: String,
    enums: String,
    bytes: String,
    defaults: true,
  });
  const { resourceSpans } = request as unknown as Decoded;
  return resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans.flatMap(({ spans }) => spans.map((span) => ({ ...readSpan(span), resource: attributesOf(resource) }))),
  );
}

function readSpan(span: DecodedSpan): Omit<CollectedSpan, 'resource'> {
  const { name, kind, status } = span;
  return {
    traceId: hexOf(span.traceId),
    id: hexOf(span.spanId),
    parentId: hexOf(span.parentSpanId),
    ...{ name, kind },
    startNs: BigInt(span.startTimeUnixNano),
    endNs: BigInt(span.endTimeUnixNano),
    attributes: attributesOf(span),
    error: status?.code === 'ERROR' ? status.message : undefined,
  };
}

function hexOf(base64: string): string {
  return Buffer.from(base64, 'base64').toString('hex');
}

function attributesOf({ attributes }: Attributed): Readonly<Record<string, unknown>> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));
}
