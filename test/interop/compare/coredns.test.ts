import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ScriptedUpstream } from '../../support/upstream.ts';
import { compareOverCluster, nothingFound, printFindings } from './cluster-run.ts';
import { startOutside } from './outside.ts';

/** Which program is CoreDNS, the environment says; no machine needs one. */
const COREDNS = process.env.COREDNS_BIN;
const CLUSTERS = 200;
const AT_ONCE = 10;

const findings = nothingFound();
let outside: ScriptedUpstream;

beforeAll(async () => {
  outside = await startOutside();
});

afterAll(async () => {
  if (COREDNS !== undefined) process.stdout.write(`${printFindings(findings)}\n`);
  await outside.close();
});

/** Cairn reads every other ten from manifests, and the rest from an API server as CoreDNS does. */
const ranges = Array.from({ length: CLUSTERS / AT_ONCE }, (_, i) => ({
  first: i * AT_ONCE + 1,
  source: (['manifests', 'endpoint'] as const)[i % 2]!,
}));

test.runIf(COREDNS !== undefined).each(ranges)(
  'CoreDNS and Cairn answer alike, but for what is meant, over ten clusters from seed $first ($source)',
  { timeout: 300_000 },
  async ({ first, source }) => {
    const before = findings.unexplained.length;
    const run = { program: COREDNS!, source, upstream: outside.endpoint };
    for (let seed = first; seed < first + AT_ONCE; seed++) await compareOverCluster(seed, run, findings);
    expect(findings.unexplained.slice(before)).toEqual([]);
  },
);
