import { describe, expect, onTestFinished, test } from 'vitest';
import { loadMachinery } from './batched-udp.ts';
import type { Kernel } from './kernel.ts';
import { BlockingLoop } from './loops.ts';

const machinery = await loadMachinery();

describe.runIf(machinery)('a loop that waits in the kernel', () => loopTests(machinery!.kernel));

function loopTests(kernel: Kernel): void {
  /** A loop that watches a bell. */
  const setup = (ring: (loop: BlockingLoop, bell: number) => void) => {
    const loop = new BlockingLoop(kernel);
    const bell = kernel.eventfd();
    loop.watch(bell, () => {
      kernel.unsignal(bell);
      ring(loop, bell);
    });
    onTestFinished(() => {
      loop.close();
      kernel.close(bell);
    });
    return { loop, bell };
  };
  const never = () => undefined;

  test('work for after the turn runs when all that was ready is done, and before the next wait', () => {
    const calls: string[] = [];
    const { loop, bell } = setup(() => {
      loop.afterTurn(() => {
        calls.push('after');
        loop.leave();
      });
      calls.push('first');
    });
    const second = kernel.eventfd();
    onTestFinished(() => kernel.close(second));
    loop.watch(second, () => {
      kernel.unsignal(second);
      calls.push('second');
    });
    kernel.signal(bell);
    kernel.signal(second);
    loop.run(never, () => {});
    expect(calls).toEqual(['first', 'second', 'after']);
  });

  test('what is late comes before the next wait', () => {
    let isLate = true;
    const { loop } = setup(() => {});
    loop.run(
      () => (isLate ? 0 : undefined),
      () => {
        isLate = false;
        loop.leave();
      },
    );
    expect(isLate).toBe(false);
  });

  test('without a descriptor there is none', () => {
    const full: Kernel = { ...kernel, epollCreate: () => -1, error: () => 'EMFILE' };
    expect(() => new BlockingLoop(full)).toThrow('epoll_create1 EMFILE');
  });

  test('it returns after a while, so that the event loop has a turn', () => {
    const { loop } = setup(() => {});
    expect(loop.run(never, () => {})).toBe(true);
    loop.leave();
    expect(loop.run(never, () => {})).toBe(false);
  });

  test('after it was left, the event loop watches the same descriptors, and timers run', async () => {
    const rung = Promise.withResolvers<string>();
    let rings = 0;
    const { loop, bell } = setup(() => {
      if (++rings === 1) loop.leave();
      else loop.afterTurn(() => rung.resolve('again'));
    });
    kernel.signal(bell);
    loop.run(never, () => {});
    setTimeout(() => kernel.signal(bell), 1);
    expect(await rung.promise).toBe('again');
    await new Promise<void>((resolve) => loop.afterTurn(resolve));
  });

  test('an error of a descriptor does not keep others from what they put off', async () => {
    const { loop, bell } = setup(() => {
      throw new Error('broken');
    });
    kernel.signal(bell);
    expect(() => loop.run(never, () => {})).toThrow('broken');
    await new Promise<void>((resolve) => loop.afterTurn(resolve));
  });
}
