import { expect, test } from 'vitest';
import { FrameQueue, PIECE_OCTETS } from './queue.ts';

const UNBOUNDED = { frames: Number.POSITIVE_INFINITY, octets: Number.POSITIVE_INFINITY };

/** The frames that a queue gives, in order. */
function drain(queue: FrameQueue): string[] {
  const frames: string[] = [];
  for (let piece = queue.take(); piece; piece = queue.take()) {
    let at = 0;
    for (let i = 0; i < piece.frames; i++) {
      const end = at + 4 + piece.bytes.readUInt32BE(at);
      frames.push(piece.bytes.toString('latin1', at + 4, end));
      at = end;
    }
    expect(at, 'a piece ends with a frame').toBe(piece.bytes.length);
  }
  return frames;
}

test('frames come out as they went in, whatever their sizes', () => {
  const queue = new FrameQueue(UNBOUNDED);
  const frames = Array.from({ length: 300 }, (_, i) => `${i} ${'x'.repeat(i % 7 === 0 ? PIECE_OCTETS + i : i * 5)}`);
  const taken: string[] = [];
  for (const [i, frame] of frames.entries()) {
    expect(queue.push(Buffer.from(frame))).toBe(true);
    if (i % 50 === 0) taken.push(...drain(queue));
  }
  taken.push(...drain(queue));
  expect(taken).toEqual(frames);
  expect([queue.frames, queue.octets]).toEqual([0, 0]);
});

test('a frame is copied, so its octets may be used again', () => {
  const queue = new FrameQueue(UNBOUNDED);
  const frame = Buffer.from('first');
  queue.push(frame);
  frame.write('other');
  expect(drain(queue)).toEqual(['first']);
});

test.each([
  ['frames', { frames: 3, octets: 1000 }, 3],
  ['octets', { frames: 1000, octets: 20 }, 2],
])('a queue that is full of %s takes no new ones, and keeps the older ones', (_, limit, taken) => {
  const queue = new FrameQueue(limit);
  const pushed = ['a-----', 'b-----', 'c-----', 'd-----'].map((frame) => queue.push(Buffer.from(frame)));
  expect(pushed.filter(Boolean)).toHaveLength(taken);
  expect(queue.frames).toBe(taken);
  expect(drain(queue)).toEqual(['a-----', 'b-----', 'c-----'].slice(0, taken));
  expect(queue.push(Buffer.from('e'))).toBe(true);
});
