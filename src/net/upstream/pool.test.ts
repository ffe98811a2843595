import { expect, test } from 'vitest';
import { fakeClock } from '../../../test/support/clock.ts';
import { UpstreamError } from './error.ts';
import { createPool, MAX_RENEWALS } from './pool.ts';

test('a query that has every connection closed under it ends so many of them, and no more', async () => {
  let dials = 0;
  const { exchange } = createPool(
    {
      name: 'dial tcp 192.0.2.1:53',
      share: 1,
      connect: ({ onRetired }) => {
        dials++;
        return {
          ...{ bornMs: 0, inFlight: 0, proven: true, retire: onRetired },
          async exchange() {
            onRetired();
            throw new UpstreamError('closed', 'EOF');
          },
        };
      },
    },
    { clock: fakeClock(), expireMs: 10_000, maxAgeMs: 0, maxIdle: 0 },
  );
  await expect(exchange(new Uint8Array(), 2000)).rejects.toMatchObject({ reason: 'closed' });
  expect(dials).toBe(1 + MAX_RENEWALS);
});
