import type { ServerResponse } from 'node:http';
import type { Clock } from '../../../src/observe/clock.ts';
import { type Change, type Collection, type Stored, wholeObject } from './collection.ts';
import { chooses, type ListOptions, Refused } from './options.ts';
import { apiVersionOf } from './resources.ts';
import { type Status, tooLarge, tooOld } from './status.ts';
import { concerns, type Switches } from './switches.ts';

/** A watch that is open. */
export interface Watch {
  /** The plural. */
  readonly resource: string;
  readonly namespace: string | undefined;
  /** Sends an event, whatever its type and object. */
  send(type: string, object: unknown): void;
  /** Sends a bookmark with the current version. */
  bookmark(): void;
  /** Sends text as it is. */
  write(text: string): void;
  /** Says 410 Gone in an event, and ends. */
  expire(): void;
  /** Ends as at its time limit. */
  end(): void;
  /** Closes the connection in mid-stream, after what was written. */
  reset(): void;
}

export interface WatchWorld {
  readonly clock: Clock;
  version(): number;
  switches(): Switches;
}

/** Serves a watch until one of the two ends it. @throws Refused where its version is too old and that is a status. */
export function serveWatch(
  collection: Collection,
  options: ListOptions,
  response: ServerResponse,
  world: WatchWorld,
): Watch {
  const { resource } = collection;
  const events = eventsToStart(collection, options, world.version());
  if ('code' in events && world.switches().goneAs === 'status') throw new Refused(events);
  response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-cache, private' });
  response.flushHeaders();

  const write = eventWriter(response, options, world);
  const bookmarkVersion = () => (world.switches().bookmarks === 'own' ? collection.lastChange : world.version());
  const bookmark = (annotations?: object) => {
    // A list is complete as of what the server has, whatever that concerns.
    const version = annotations ? world.version() : bookmarkVersion();
    write(printBookmark(collection, version, annotations), true);
  };
  // A server tells a watch of nothing up to where it began, even where that is a version it has not reached.
  const begunAt = options.sendInitialEvents ? world.version() : (options.resourceVersion ?? 0);
  const moved = () => bookmarkVersion() > begunAt && world.switches().bookmarks !== 'never';
  const watch: Watch = {
    ...{ resource: resource.name, namespace: options.namespace },
    send: (type, object) => response.write(`${JSON.stringify({ type, object })}\n`),
    bookmark: () => bookmark(),
    write: (text) => response.write(text),
    expire: () => response.end(`${JSON.stringify({ type: 'ERROR', object: tooOld(0, world.version()) })}\n`),
    end: () => response.end(),
    reset: () => response.socket?.destroySoon(),
  };
  if ('code' in events) {
    response.end(`${JSON.stringify({ type: 'ERROR', object: events })}\n`);
    return watch;
  }
  // One write for them all, however many objects there are.
  response.cork();
  for (const event of events) write(event);
  response.uncork();
  if (options.sendInitialEvents && options.allowWatchBookmarks) bookmark({ 'k8s.io/initial-events-end': 'true' });
  const stop = [
    collection.listen((change) => {
      const event = eventOf(collection, options, change);
      if (event !== undefined && change.version > begunAt) write(event);
    }),
    ...timers(options, watch, world, moved),
  ];
  response.on('close', () => {
    for (const one of stop) one();
  });
  return watch;
}

function timers(
  options: ListOptions,
  watch: Watch,
  { clock, switches }: WatchWorld,
  moved: () => boolean,
): (() => void)[] {
  const { timeoutSeconds, allowWatchBookmarks } = options;
  const bookmark = () => {
    if (moved()) watch.bookmark();
  };
  const atEnd = () => {
    if (allowWatchBookmarks) bookmark();
    watch.end();
  };
  return [
    ...(timeoutSeconds > 0 ? [clock.after(timeoutSeconds * 1000, atEnd)] : []),
    ...(allowWatchBookmarks ? [clock.every(switches().bookmarkMs, bookmark)] : []),
  ].map((timer) => () => timer.cancel());
}

/** Writes events as the faults have it. */
function eventWriter(response: ServerResponse, { resource, namespace }: ListOptions, { clock, switches }: WatchWorld) {
  let held: string | undefined;
  // A watch that has ended is told of changes until its client has hung up.
  const send = (text: string) => {
    if (!response.writableEnded) response.write(text);
  };
  const late = (text: string) => {
    const { latencyMs } = switches();
    if (latencyMs === 0) send(text);
    else clock.after(latencyMs, () => send(text));
  };
  return (event: string, isBookmark = false) => {
    // It was ended, and is not closed yet.
    if (response.writableEnded) return;
    const { faulty, silent, bookmarksOnly, duplicate, swap } = switches();
    if (!concerns(faulty, { verb: 'watch', resource: resource.name, namespace })) {
      send(event);
      return;
    }
    if (silent || (bookmarksOnly && !isBookmark)) return;
    if (swap && !isBookmark && held === undefined) {
      held = event;
      return;
    }
    late(event);
    if (duplicate && !isBookmark) late(event);
    if (held !== undefined && !isBookmark) {
      late(held);
      held = undefined;
    }
  };
}

/** What a watch is told first, or why there is no such watch. */
function eventsToStart(collection: Collection, options: ListOptions, current: number): readonly string[] | Status {
  const { resourceVersion: version, sendInitialEvents } = options;
  if (sendInitialEvents && version !== undefined && version > current) return tooLarge(version, current);
  if (sendInitialEvents || version === undefined || version === 0) {
    const chosen = collection.now().all.filter((stored) => chooses(options, stored));
    return chosen.map((stored) => printEvent('ADDED', collection, stored));
  }
  const changes = collection.changesAfter(version);
  if (changes === undefined) return tooOld(version, collection.oldest);
  return changes.map((change) => eventOf(collection, options, change)).filter((event) => event !== undefined);
}

/** A change as this watch sees it: an object that begins or ceases to be chosen is added or deleted. */
function eventOf(collection: Collection, options: ListOptions, { before, after, deleted }: Change): string | undefined {
  const was = before !== undefined && chooses(options, before);
  const is = !deleted && chooses(options, after);
  if (is) return printEvent(was ? 'MODIFIED' : 'ADDED', collection, after);
  if (!was) return undefined;
  return printEvent('DELETED', collection, after);
}

function printEvent(type: string, { resource }: Collection, stored: Stored): string {
  return `{"type":"${type}","object":${wholeObject(resource, stored)}}\n`;
}

function printBookmark({ resource }: Collection, version: number, annotations?: object): string {
  const metadata = { resourceVersion: String(version), creationTimestamp: null, ...(annotations && { annotations }) };
  const object = { kind: resource.kind, apiVersion: apiVersionOf(resource), metadata };
  return `${JSON.stringify({ type: 'BOOKMARK', object })}\n`;
}
