import type { IncomingMessage } from 'node:http';
import { createGunzip } from 'node:zlib';
import { CairnError } from '../../base/errors.ts';
import { createTurns } from '../../base/in-turns.ts';
import type { Clock, Timer } from '../../observe/clock.ts';
import { endingOf } from './ending.ts';
import { ApiConnectionError, SilenceError } from './errors.ts';

/** A list is given up if nothing comes for this time. */
const BODY_IDLE_MS = 30_000;

/** The body of a response with status 200. */
export interface ApiBody {
  readonly chunks: AsyncIterable<Buffer>;
  /** From now on, the response counts as dead if nothing comes for this time. If `silent` is given, it is called each time instead, and decides. */
  expectWithin(idleMs: number, silent?: () => void): void;
  /** Gives the response up: reading its chunks throws this error. */
  fail(error: CairnError): void;
  /** The response no longer counts for the limit of requests under way. */
  release(): void;
}

/** The body, decompressed if necessary. `release` runs at its end at the latest. */
export function bodyOf(response: IncomingMessage, release: () => void, clock: Clock): ApiBody {
  const isPacked = response.headers['content-encoding'] === 'gzip';
  const stream = isPacked ? response.pipe(createGunzip()) : response;
  stream.on('error', () => {}); // the reader gets the error; before there is a reader, it is ignored
  // The decompression does not learn how its source ended.
  if (isPacked) response.on('error', (error) => stream.destroy(error));
  const giveUp = (): void => void stream.destroy(new SilenceError(`nothing came for ${idleMs / 1000} s`));
  let idleMs = BODY_IDLE_MS;
  let silent = giveUp;
  let isFinished = false;
  let timer: Timer = { cancel() {} };
  const expect = () => {
    timer.cancel();
    if (isFinished) return;
    timer = clock.after(idleMs, () => {
      expect();
      silent();
    });
  };
  async function* chunks(): AsyncGenerator<Buffer> {
    expect();
    const turn = createTurns();
    try {
      for await (const chunk of stream) {
        expect();
        yield chunk;
        // A long list comes in many chunks, which are all there already.
        const due = turn();
        if (due) await due;
      }
    } catch (thrown) {
      throw thrown instanceof CairnError ? thrown : new ApiConnectionError(endingOf(thrown), thrown);
    } finally {
      isFinished = true;
      timer.cancel();
      release();
      response.destroy();
    }
  }
  return {
    chunks: chunks(),
    release,
    expectWithin(ms, told = giveUp) {
      idleMs = ms;
      silent = told;
      expect();
    },
    fail: (error) => void stream.destroy(error),
  };
}
