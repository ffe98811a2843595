import { expect, test } from 'vitest';
import { fakeClock } from '../../../test/support/clock.ts';
import { type FailureReason, UpstreamError } from '../../net/upstream/error.ts';
import { createHealth } from './health.ts';

const failed = (reason: FailureReason) => new UpstreamError(reason, reason);

/** Suspects an upstream for `reason`, and lets so many probes fail for `probeReason`. */
async function suspected(reason: FailureReason, probeReason: FailureReason) {
  const clock = fakeClock();
  let probes = 0;
  let failures = 0;
  const health = createHealth({
    ...{ clock, maxFails: 2, intervalMs: 500 },
    probe: async () => {
      probes++;
      throw failed(probeReason);
    },
    onFailure: () => {
      failures++;
    },
  });
  health.suspect(failed(reason));
  for (let i = 0; i < 4; i++) {
    await new Promise(setImmediate);
    clock.advance(500);
  }
  health.stop();
  return { probes, failures, down: health.down };
}

test.each([
  ['timeout', 'timeout', { probes: 5, failures: 4, down: true }],
  ['timeout', 'limit', { probes: 5, failures: 0, down: false }],
  ['limit', 'timeout', { probes: 0, failures: 0, down: false }],
] as const)('an exchange that fails by %s, probes by %s: only what tells of the upstream counts', async (...row) => {
  const [reason, probeReason, expected] = row;
  expect(await suspected(reason, probeReason)).toEqual(expected);
});
