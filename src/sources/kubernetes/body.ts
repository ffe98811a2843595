import type { IncomingMessage } from 'node:http';
import { createGunzip } from 'node:zlib';
import { messageOf } from '../../errors.ts';
import type { Clock, Timer } from '../../observe/clock.ts';
import { ApiConnectionError, SilenceError } from './errors.ts';

/** A list that stands still for so long is given up. */
const BODY_IDLE_MS = 30_000;

/** An answer with status 200. */
export interface ApiBody {
  readonly chunks: AsyncIterable<Buffer>;
  /** From now on, the answer is taken for dead if nothing comes for so long. */
  expectWithin(idleMs: number): void;
  /** Says that what counts for the limit of requests under way is done. */
  release(): void;
}

/** The answer, unpacked if it came packed. `release` runs at its end, if not before. */
export function bodyOf(response: IncomingMessage, release: () => void, clock: Clock): ApiBody {
  const isPacked = response.headers['content-encoding'] === 'gzip';
  const stream = isPacked ? response.pipe(createGunzip()) : response;
  stream.on('error', () => {}); // thrown to whoever reads; until then, nobody may be listening
  // What is packed is not told how its source ended.
  if (isPacked) response.on('error', (error) => stream.destroy(error));
  let idleMs = BODY_IDLE_MS;
  let timer: Timer = { cancel() {} };
  const expect = () => {
    timer.cancel();
    timer = clock.after(idleMs, () => stream.destroy(new SilenceError(`nothing came for ${idleMs / 1000} s`)));
  };
  async function* chunks(): AsyncGenerator<Buffer> {
    expect();
    try {
      for await (const chunk of stream) {
        expect();
        yield chunk;
      }
    } catch (thrown) {
      throw thrown instanceof SilenceError ? thrown : new ApiConnectionError(messageOf(thrown), thrown);
    } finally {
      timer.cancel();
      release();
      response.destroy();
    }
  }
  return {
    chunks: chunks(),
    release,
    expectWithin(ms) {
      idleMs = ms;
      expect();
    },
  };
}
