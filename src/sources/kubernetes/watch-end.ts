import { CairnError, messageOf } from '../../base/errors.ts';
import { ApiConnectionError, SilenceError } from './errors.ts';
import type { RelistReason } from './metrics.ts';

/** A watch that ends sooner than this without an event has failed. */
const SHORT_WATCH_MS = 1000;
/** A watch that lasted this long, or brought something, was healthy. */
const HEALTHY_WATCH_MS = 2000;

/** How a watch went. */
export interface WatchCourse {
  readonly events: number;
  readonly lastedMs: number;
}

/** Whether the watch was healthy, so that pauses need not grow. */
export function isHealthy({ events, lastedMs }: WatchCourse): boolean {
  return events > 0 || lastedMs >= HEALTHY_WATCH_MS;
}

/**
 * The error for the end of a watch; undefined if the next watch simply continues.
 *
 * @param thrown the error of the watch's reader; undefined if the server ended the watch.
 */
export function endOfWatch(thrown: unknown, course: WatchCourse): unknown {
  const isShort = course.lastedMs < SHORT_WATCH_MS;
  if (thrown === undefined) {
    const isFailure = isShort && course.events === 0;
    return isFailure ? new ApiConnectionError('the watch ended as soon as it had begun') : undefined;
  }
  const isCut = thrown instanceof ApiConnectionError && !(thrown instanceof SilenceError);
  return isCut && isHealthy(course) ? new WatchCut(messageOf(thrown), isShort) : thrown;
}

/** The error for a streaming list that ended too early. */
export function endOfList(thrown: unknown): unknown {
  if (thrown instanceof SilenceError) return new NoInitialList('it fell silent');
  return thrown ?? new ApiConnectionError('the list was cut off');
}

/** The server treated a streaming list like a plain watch. */
export class NoInitialList extends ApiConnectionError {}

/** The connection of a watch that had worked was closed. */
export class WatchCut extends ApiConnectionError {
  /** Whether the watch was short, so that the next attempt must wait. */
  readonly isShort: boolean;

  constructor(message: string, isShort: boolean) {
    super(message);
    this.isShort = isShort;
  }
}

/** This server itself ended a watch, to resume it on another connection or to list again; it is not a failure. */
export class WatchGivenUp extends CairnError {
  /** Why a list must follow; undefined if another watch follows. */
  readonly relist: RelistReason | undefined;

  constructor(relist?: RelistReason) {
    super('KUBERNETES_WATCH_GIVEN_UP', 'the watch was given up');
    this.relist = relist;
  }
}
