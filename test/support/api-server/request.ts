import type { IncomingMessage, ServerResponse } from 'node:http';
import { authenticate, authorize, clientOf } from './access.ts';
import { sendBody, sendStatus, sendText } from './body.ts';
import type { Collection } from './collection.ts';
import { wholeObject } from './collection.ts';
import { listPage, printPage } from './list.ts';
import { type ListOptions, Refused, readOptions } from './options.ts';
import { apiVersionOf, discovered, parsePath, type Resource, type Target } from './resources.ts';
import type { ServerState } from './state.ts';
import { failed, forbidden, methodNotAllowed, noDiscovery, notFound } from './status.ts';
import { concerns, lacks, type Verb } from './switches.ts';
import { serveWatch } from './watch.ts';

/** What a client asked. */
export interface AskedRequest {
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly userAgent: string | undefined;
  readonly authorization: string | undefined;
  readonly accept: string | undefined;
  /** The common name in the client's certificate, if that is trusted. */
  readonly certificate: string | undefined;
}

/** What a client accepts that wants the metadata of objects alone. */
const PARTIAL = 'application/json;as=PartialObjectMetadataList';
/** Pages kept as octets until something changes. */
const MAX_PAGES = 256;

/** Answers a request, or fails to as the switches have it. */
export function serve(request: IncomingMessage, response: ServerResponse, state: ServerState): void {
  const url = new URL(request.url!, 'http://127.0.0.1');
  state.asked({
    method: request.method!,
    path: url.pathname,
    query: Object.fromEntries(url.searchParams),
    userAgent: request.headers['user-agent'],
    authorization: request.headers.authorization,
    accept: request.headers.accept,
    certificate: clientOf(request),
  });
  const found = discovered(url.pathname)?.filter((resource) => !lacks(state.switches, resource)) ?? [];
  if (found.length > 0) {
    discover(found, request, response, state);
    return;
  }
  const target = parsePath(url.pathname);
  if (target === undefined || lacks(state.switches, target.resource)) {
    response.writeHead(404, { 'content-type': 'text/plain; charset=utf-8' }).end('404 page not found\n');
    return;
  }
  const verb = verbOf(target, url.searchParams);
  const { faulty, silent, latencyMs } = state.switches;
  if (!concerns(faulty, { verb, resource: target.resource.name, namespace: target.namespace })) {
    answer(request, response, { target, verb, query: url.searchParams, spared: true }, state);
    return;
  }
  if (silent) return;
  const late = () => answer(request, response, { target, verb, query: url.searchParams, spared: false }, state);
  if (latencyMs === 0) late();
  else state.clock.after(latencyMs, late);
}

/** Tells the resources of a group and version. The faults that are about a resource do not befall it. */
function discover(
  found: readonly Resource[],
  request: IncomingMessage,
  response: ServerResponse,
  state: ServerState,
): void {
  if (state.switches.silent) return;
  try {
    const user = authenticate(request, state.switches);
    if (state.switches.hidden) throw new Refused(noDiscovery(user, request.url!));
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    sendStatus(response, error.status);
    return;
  }
  const list = { kind: 'APIResourceList', apiVersion: 'v1', groupVersion: apiVersionOf(found[0]!) };
  const listed = found.map(({ name, kind, namespaced }) => ({ name, kind, namespaced, verbs: ['list', 'watch'] }));
  sendBody(request, response, Buffer.from(JSON.stringify({ ...list, resources: listed })), state, true);
}

interface Question {
  readonly target: Target;
  readonly verb: Verb;
  readonly query: URLSearchParams;
  /** No fault befalls it. */
  readonly spared: boolean;
}

function verbOf({ name }: Target, query: URLSearchParams): Verb {
  if (['true', '1'].includes(query.get('watch') ?? '')) return 'watch';
  return name === undefined ? 'list' : 'get';
}

function answer(request: IncomingMessage, response: ServerResponse, question: Question, state: ServerState): void {
  try {
    const { target, verb, query, spared } = question;
    const { switches } = state;
    if (!spared && state.failuresLeft > 0) {
      state.failuresLeft--;
      const { status, retryAfterSeconds, text } = switches.failures;
      if (text === undefined) throw new Refused(failed(status, retryAfterSeconds));
      sendText(response, status, text, retryAfterSeconds);
      return;
    }
    const user = authenticate(request, switches);
    if (!spared && state.forbiddenLeft > 0) {
      state.forbiddenLeft--;
      throw new Refused(forbidden(user, verb, target.resource, target.namespace));
    }
    authorize(user, verb, target, switches);
    if (request.method !== 'GET') throw new Refused(methodNotAllowed());
    const collection = state.collections.get(target.resource.kind)!;
    const options = readOptions(target, query, switches.streamingLists);
    if (verb === 'watch') openWatch(collection, options, response, state);
    else if (verb === 'get') sendBody(request, response, objectOf(collection, target), state, spared);
    else sendBody(request, response, pageOf(collection, options, request, state, spared), state, spared);
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    sendStatus(response, error.status);
  }
}

function openWatch(collection: Collection, options: ListOptions, response: ServerResponse, state: ServerState): void {
  const watch = serveWatch(collection, options, response, {
    clock: state.clock,
    version: () => state.version,
    switches: () => state.switches,
  });
  state.watches.add(watch);
  response.on('close', () => state.watches.delete(watch));
}

function objectOf(collection: Collection, { namespace = '', name }: Target): Buffer {
  const stored = collection.get(namespace, name!);
  if (stored === undefined) throw new Refused(notFound(collection.resource, name!));
  return Buffer.from(`${wholeObject(collection.resource, stored)}\n`);
}

function pageOf(
  collection: Collection,
  options: ListOptions,
  { url, headers }: IncomingMessage,
  state: ServerState,
  spared: boolean,
): Buffer {
  const isPartial = headers.accept?.startsWith(PARTIAL) ?? false;
  const key = `${spared} ${isPartial} ${url}`;
  const kept = state.pages.get(key);
  if (kept !== undefined) return kept;
  const page = listPage(collection, options, state.version, state.switches);
  const octets = Buffer.from(printPage(collection, page, spared ? [] : state.switches.extraItems, isPartial));
  if (state.pages.size < MAX_PAGES) state.pages.set(key, octets);
  return octets;
}
