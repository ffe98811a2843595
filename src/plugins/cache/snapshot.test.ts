import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { fakeClock } from '../../../test/support/clock.ts';
import { folderWith } from '../../../test/support/folder.ts';
import { makePlugin, startPlugin } from '../../../test/support/plugin.ts';
import { testQuery } from '../../../test/support/query.ts';
import { parseRecord, printRecord } from '../../dns/presentation.ts';
import { CACHE } from '../../plugin/keys.ts';
import type { Query } from '../../plugin/query.ts';
import { createReply, failure, type Reply } from '../../plugin/reply.ts';
import cache from './index.ts';

const SOA = parseRecord('example. 60 SOA ns.example. m.example. 1 2 3 4 60');
const START_MS = 1_000_000_000;

interface ProcessOptions {
  readonly path: string;
  /** How long after the first process it starts. */
  readonly laterMs?: number;
  readonly body?: string;
  readonly zones?: readonly string[];
}

/** A process with a cache, and what its upstream was asked. */
async function startProcess({ path, laterMs = 0, body = '', zones = ['.'] }: ProcessOptions) {
  const clock = fakeClock(START_MS + laterMs);
  const asked: string[] = [];
  const next = ({ name }: Query): Reply => {
    asked.push(name);
    if (name === 'none.example.') return createReply('next', { rcode: 3, ra: true, authority: [SOA] });
    if (name === 'down.example.') return failure('next', 2, new Error('down'));
    return createReply('next', { ra: true, answer: [parseRecord(`${name} 100 A 192.0.2.1`)] });
  };
  const { plugin, env } = makePlugin(cache, `cache {\nsnapshot ${path}\n${body}\n}`, { clock, zones: [...zones] });
  const handler = plugin.wrap!(next);
  await startPlugin(plugin);
  return {
    ...{ env, clock, asked },
    async ask(name: string, options = {}) {
      const reply = await handler(testQuery(`${name} A`, options));
      return [reply.rcode, ...reply.answer.map((record) => `${record.ttl} ${printRecord(record)}`)].join(' ');
    },
    async stop() {
      for (const value of env.kept.values()) await value.stop?.();
    },
  };
}

const snapshotPath = () => join(folderWith({}), 'cache.snapshot');

/** A snapshot of a process that was asked for these names. */
async function leaveSnapshot(path: string, names: readonly string[]): Promise<void> {
  const process = await startProcess({ path });
  for (const name of names) await process.ask(name);
  await process.stop();
}

describe('the next process', () => {
  test('answers from what the last one had, with TTLs that went on', async () => {
    const path = snapshotPath();
    await leaveSnapshot(path, ['www.example.', 'none.example.']);
    const { ask, asked, env } = await startProcess({ path, laterMs: 30_000 });
    expect(await ask('www.example.')).toContain('0 70 ');
    expect(await ask('none.example.')).toBe('3');
    expect(asked).toEqual([]);
    expect(env.lines).toContain('[INFO] plugin/cache: 2 replies of the last process are in the cache');
  });

  test('asks for what has ended, and for what failed', async () => {
    const path = snapshotPath();
    await leaveSnapshot(path, ['www.example.', 'down.example.']);
    const { ask, asked } = await startProcess({ path, laterMs: 101_000 });
    await ask('www.example.');
    await ask('down.example.');
    expect(asked).toEqual(['www.example.', 'down.example.']);
  });

  test('serves what has ended as stale, if it may', async () => {
    const path = snapshotPath();
    const body = 'serve_stale 1h';
    const last = await startProcess({ path, body });
    await last.ask('www.example.');
    await last.stop();
    const { ask } = await startProcess({ path, body, laterMs: 200_000 });
    expect(await ask('www.example.')).toContain('0 0 ');
  });

  test('has an entry for DO only for queries with DO', async () => {
    const path = snapshotPath();
    const last = await startProcess({ path });
    await last.ask('www.example.', { edns: { do: true } });
    await last.stop();
    const { ask, asked } = await startProcess({ path });
    await ask('www.example.', { edns: { do: true } });
    expect(asked).toEqual([]);
    await ask('www.example.');
    expect(asked).toEqual(['www.example.']);
  });

  test('does not use a snapshot of another Corefile', async () => {
    const path = snapshotPath();
    await leaveSnapshot(path, ['www.example.']);
    const { ask, asked, env } = await startProcess({ path, body: 'keepttl' });
    await ask('www.example.');
    expect(asked).toEqual(['www.example.']);
    expect(env.lines).toEqual([
      `[WARNING] plugin/cache: ${path}: the snapshot is not used: ${path} is of another cache, or its block of the Corefile has changed`,
    ]);
  });

  test('does not have what was flushed after the last write', async () => {
    const path = snapshotPath();
    const last = await startProcess({ path });
    await last.ask('www.example.');
    await last.ask('other.example.');
    last.clock.advance(60_000);
    await expect.poll(() => existsSync(path)).toBe(true);
    const [view] = last.env.ask(CACHE);
    expect(view?.flush((name) => name === 'www.example.')).toBe(1);
    await last.stop();
    const { ask, asked } = await startProcess({ path, laterMs: 60_000 });
    await ask('www.example.');
    await ask('other.example.');
    expect(asked).toEqual(['www.example.']);
  });

  test('does not use replies that were stored when the clock was ahead', async () => {
    const path = snapshotPath();
    await leaveSnapshot(path, ['www.example.']);
    const { ask, asked } = await startProcess({ path, laterMs: -60_000 });
    await ask('www.example.');
    expect(asked).toEqual(['www.example.']);
  });
});

test('a snapshot is written once a minute at most, if something was stored', async () => {
  const path = snapshotPath();
  const { ask, clock } = await startProcess({ path });
  await ask('www.example.');
  expect(existsSync(path)).toBe(false);
  clock.advance(60_000);
  await expect.poll(() => existsSync(path)).toBe(true);
  const first = readFileSync(path, 'utf8');
  expect(first.trimEnd().split('\n')).toHaveLength(3);
  await ask('www.example.');
  clock.advance(60_000);
  expect(readFileSync(path, 'utf8')).toBe(first);
});

test('a relative path starts at root', async () => {
  const { env } = await startProcess({ path: 'x/cache.snapshot' });
  expect(await env.exposed('cairn_snapshot_restores')).toEqual([
    expect.stringMatching(/path="\/.*x\/cache.snapshot",result="missing"/),
  ]);
});
