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

/** Whether the connection works, so that pauses need not grow. */
export function isHealthy({ events, lastedMs }: WatchCourse): boolean {
  return events > 0 || lastedMs >= HEALTHY_WATCH_MS;
}

/**
 * What the end of a watch means: an error, or undefined where it simply goes on with the next one.
 *
 * @param thrown by the reader of the watch; undefined if the server ended it.
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

/** What the end of a streaming list before its time means. */
export function endOfList(thrown: unknown): unknown {
  if (thrown instanceof SilenceError) return new NoInitialList('it fell silent');
  return thrown ?? new ApiConnectionError('the list was cut off');
}

/** The server answered a streaming list like an ordinary watch. */
export class NoInitialList extends ApiConnectionError {}

/** The connection of a watch that had worked was closed. */
export class WatchCut extends ApiConnectionError {
  /** Whether it is better not to try again at once. */
  readonly isShort: boolean;

  constructor(message: string, isShort: boolean) {
    super(message);
    this.isShort = isShort;
  }
}

/** The reader of a watch gave it up, which is not a failure. */
export class WatchGivenUp extends CairnError {
  /** Why a list must take its place; undefined for another watch. */
  readonly relist: RelistReason | undefined;

  constructor(relist?: RelistReason) {
    super('KUBERNETES_WATCH_GIVEN_UP', 'the watch was given up');
    this.relist = relist;
  }
}
