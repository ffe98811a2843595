import { expect, test } from 'vitest';
import { fakeClock } from '../../../test/support/clock.ts';
import { UpstreamError } from './error.ts';
import {
  type ConnectionKind,
  connectionLimit,
  createPool,
  MAX_CONNECTIONS,
  MAX_IN_FLIGHT,
  MAX_RENEWALS,
} from './pool.ts';

const OPTIONS = { clock: fakeClock(), expireMs: 10_000, maxAgeMs: 0, maxIdle: 0 };
const QUERY = new Uint8Array();

/** A pool whose queries share no connection as long as there may be others, and the number of its dials. */
function poolOf(connect: ConnectionKind['connect']) {
  let dials = 0;
  const count: ConnectionKind['connect'] = (events) => {
    dials++;
    return connect(events);
  };
  return { ...createPool({ name: 'dial tcp 192.0.2.1:53', share: 1, connect: count }, OPTIONS), dials: () => dials };
}

test('a query under which every connection is closed ends a bounded number of them', async () => {
  const { exchange, dials } = poolOf(({ onRetired }) => ({
    ...{ bornMs: 0, inFlight: 0, proven: true, retire: onRetired },
    async exchange() {
      onRetired();
      throw new UpstreamError('closed', 'EOF');
    },
  }));
  await expect(exchange(QUERY, 2000)).rejects.toMatchObject({ reason: 'closed' });
  expect(dials()).toBe(1 + MAX_RENEWALS);
});

test('beyond the maximum of connections and of queries on each, a query fails', async () => {
  const { exchange, dials } = poolOf(() => {
    let inFlight = 0;
    return {
      ...{ bornMs: 0, proven: false, retire() {} },
      get inFlight() {
        return inFlight;
      },
      exchange() {
        inFlight++;
        return new Promise(() => {});
      },
    };
  });
  for (let i = 0; i < MAX_CONNECTIONS * MAX_IN_FLIGHT; i++) void exchange(QUERY, 2000);
  await expect(exchange(QUERY, 2000)).rejects.toMatchObject({ reason: 'limit' });
  expect(dials()).toBe(MAX_CONNECTIONS);
});

test.each([
  [Number.POSITIVE_INFINITY, 16],
  [1024, 16],
  [256, 4],
  [1, 1],
])('where %d files may be open, an upstream gets %d connections', (openFiles, connections) => {
  expect(connectionLimit(openFiles)).toBe(connections);
});
