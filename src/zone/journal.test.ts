import { expect, test } from 'vitest';
import { A, rr } from '../dns/rr.ts';
import { ContentDigest } from './digest.ts';
import { MAX_CHANGED_RECORDS, MAX_CHANGES, MAX_READY_RECORDS, ZoneJournal } from './journal.ts';

const record = (id: number) => rr(A, `s${id}.default.svc.cluster.local.`, 30, { address: '10.0.0.1' });

/** A journal at its bounds: each version has other records than the one before. */
function fullJournal() {
  const journal = new ZoneJournal(0);
  journal.begin(new ContentDigest());
  const half = MAX_CHANGED_RECORDS / MAX_CHANGES / 2;
  const records = (version: number) => Array.from({ length: half }, (_, i) => record(version * half + i));
  for (let version = 1; version <= MAX_CHANGES; version++) {
    journal.add(version, { deleted: records(version - 1), added: records(version) });
  }
  return journal;
}

test('differences from many old versions are not all kept', () => {
  const journal = fullJournal();
  for (let serial = 0; serial < MAX_CHANGES; serial += 10) {
    expect(journal.since({ serial })).toBeDefined();
    expect(journal.readyRecords).toBeLessThanOrEqual(MAX_READY_RECORDS);
  }
  journal.add(MAX_CHANGES + 1, { deleted: [], added: [record(-1)] });
  expect(journal.readyRecords).toBe(0);
});

test('asking for old and for unknown versions costs little, compared with the changes themselves', () => {
  const timed = (run: () => void) => {
    const start = performance.now();
    run();
    return performance.now() - start;
  };
  let journal = new ZoneJournal(0);
  const changesMs = timed(() => {
    journal = fullJournal();
  });
  const askMs = timed(() => {
    for (let i = 0; i < 100; i++) {
      journal.since({ serial: i });
      journal.since({ serial: i, digest: '00'.repeat(16) });
    }
  });
  expect(askMs).toBeLessThan(10 * changesMs);
});

test('records that come, go and come again count once, and versions are forgotten with their records', () => {
  const journal = new ZoneJournal(0);
  journal.add(1, { deleted: [], added: [record(1), record(2)] });
  journal.add(2, { deleted: [record(1)], added: [record(3)] });
  journal.add(3, { deleted: [record(3)], added: [record(1)] });
  expect(journal.since({ serial: 0 })).toEqual({ deleted: [], added: [record(1), record(2)] });
  expect(journal.since({ serial: 1 })).toEqual({ deleted: [], added: [] });
  expect(journal.since({ serial: 2 })).toEqual({ deleted: [record(3)], added: [record(1)] });
  for (let serial = 4; serial < 4 + MAX_CHANGES; serial++) journal.add(serial, { deleted: [], added: [] });
  expect([journal.records, journal.since({ serial: 2 }), journal.since({ serial: 3 })]).toEqual([
    0,
    undefined,
    { deleted: [], added: [] },
  ]);
});
