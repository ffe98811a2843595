import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { apiNamespace, apiService, apiSlice } from '../../../../test/support/api-objects.ts';
import { type ApiServer, startApiServer } from '../../../../test/support/api-server/index.ts';
import { type FakeClock, fakeClock } from '../../../../test/support/clock.ts';
import { folderWith } from '../../../../test/support/folder.ts';
import { PATIENT } from '../../../../test/support/patience.ts';
import { seededRandom } from '../../../../test/support/random.ts';
import { createLogger } from '../../../observe/log.ts';
import { Metrics } from '../../../observe/metrics.ts';
import type { ReadonlyRegistry } from '../../../registry/registry.ts';
import { writeSnapshot } from '../../../snapshot/file.ts';
import { ApiCluster } from '../api-cluster.ts';
import type { Needs } from '../resources.ts';
import { connectApi } from '../source.ts';
import { DEFAULT_MAX_AGE_MS } from './contents.ts';

const OBJECTS = [
  apiNamespace('shop'),
  apiService('shop/web', '10.0.0.1'),
  apiService('shop/db', 'None'),
  apiSlice('shop/db', 'db-1', '10.1.0.1 10.1.0.2'),
];
const NEEDS: Needs = { kinds: ['namespace', 'service', 'slice'], podNames: true };
const MINUTE_MS = 60_000;

interface Process {
  readonly registry: ReadonlyRegistry;
  readonly cluster: ApiCluster;
  readonly clock: FakeClock;
  readonly lines: string[];
  started: Promise<void>;
  stop(): Promise<void>;
  metric(name: string): Promise<number>;
}

interface ProcessOptions {
  readonly needs?: Needs;
  readonly maxAgeMs?: number;
  readonly namespaces?: readonly string[];
  /** How much later than the usual time it starts. */
  readonly laterMs?: number;
}

/** What a process that starts does with a snapshot. */
function startProcess(api: ApiServer, path: string, options: ProcessOptions = {}): Process {
  const { needs = NEEDS, maxAgeMs = DEFAULT_MAX_AGE_MS, namespaces = [], laterMs = 0 } = options;
  const clock = fakeClock();
  clock.advance(laterMs);
  const metrics = new Metrics();
  const lines: string[] = [];
  const log = createLogger((_, line) => lines.push(line));
  const env = { log, clock, metrics, random: seededRandom(), userAgent: 'test', auditMs: 0 };
  const client = connectApi({ kind: 'endpoint', url: api.url }, { qps: 1e6, burst: 1e6 }, env);
  const cluster = new ApiCluster(
    client,
    { labels: [], namespaceLabels: [], namespaces },
    { ...env, snapshot: { path, maxAgeMs } },
  );
  const reader = cluster.reader(needs);
  let stopped: Promise<void> | undefined;
  const stop = () => {
    stopped ??= cluster.stop().then(() => client.close());
    return stopped;
  };
  onTestFinished(stop);
  return {
    ...{ registry: reader.registry, clock, lines, stop, cluster },
    started: reader.start(),
    async metric(name) {
      const rows = [...(await metrics.expose()).matchAll(new RegExp(`^${name}(?:\\{.*\\})? (\\S+)$`, 'gm'))];
      return rows.reduce((sum, [, value]) => sum + Number(value), 0);
    },
  };
}

async function openApi(objects = OBJECTS): Promise<ApiServer> {
  const api = await startApiServer({ objects });
  onTestFinished(() => api.close());
  return api;
}

const snapshotPath = () => join(folderWith({}), 'cluster.snapshot');
const synced = ({ registry }: Process) => vi.waitFor(() => expect(registry.synced).toBe(true), PATIENT);
const names = ({ registry }: Process) => [...registry.services()].map(({ name }) => name).sort();
const contents = ({ registry }: Process) => ({
  namespaces: [...registry.namespaces()],
  services: [...registry.services()],
  slices: [...registry.slices()],
});

/** A snapshot that a process with these objects has left. */
async function leaveSnapshot(api: ApiServer, path: string): Promise<Process> {
  const process = startProcess(api, path);
  await process.started;
  await synced(process);
  await process.stop();
  return process;
}

describe('a process that starts again', () => {
  test('serves what the last one knew, as stale, while the API server cannot be reached; then what it lists', async () => {
    const api = await openApi();
    const path = snapshotPath();
    const before = await leaveSnapshot(api, path);
    await api.set({ refuse: true });
    const after = startProcess(api, path, { laterMs: 5000 });
    await after.started;
    await synced(after);
    expect(contents(after)).toEqual(contents(before));
    expect(after.registry.stale).toBe(true);
    expect(after.lines.filter((line) => line.startsWith('[ERROR]'))).toEqual([]);
    expect(after.lines[0]).toMatch(
      new RegExp(
        `^\\[INFO\\] ${path}: serving 4 objects as they were \\d+ s ago, until the API server has listed them; read in \\d+ ms$`,
      ),
    );
    api.put(apiService('shop/new', '10.0.0.2'));
    api.remove('Service', 'shop', 'web');
    await api.set({ refuse: false });
    const seen = new Set<string>();
    await vi.waitFor(() => {
      after.clock.advance(1000);
      seen.add(names(after).join());
      expect(names(after)).toEqual(['db', 'new']);
      expect(after.registry.stale).toBe(false);
    }, PATIENT);
    // What is there before and after is there all the time.
    expect([...seen].every((each) => each.includes('db'))).toBe(true);
    expect(after.lines.join('\n')).toContain('[INFO] watching 2 services, 2 endpoints');
  });

  test('does not serve it if the API server lists its objects at once', async () => {
    const api = await openApi();
    const path = snapshotPath();
    await leaveSnapshot(api, path);
    api.remove('Service', 'shop', 'web');
    const after = startProcess(api, path);
    await after.started;
    const states: string[] = [];
    after.registry.onChange(() => {
      if (after.registry.synced) states.push(`${names(after)} ${after.registry.stale}`);
    });
    await synced(after);
    expect(states[0]).toBe('db false');
  });

  test('serves it after a moment if the API server does not respond', async () => {
    const api = await openApi();
    const path = snapshotPath();
    await leaveSnapshot(api, path);
    await api.set({ silent: true });
    const after = startProcess(api, path);
    await after.started;
    expect(after.registry.synced).toBe(false);
    after.clock.advance(300);
    expect(after.registry.synced).toBe(true);
    expect(after.registry.stale).toBe(true);
    expect(names(after)).toEqual(['db', 'web']);
  });

  test('or ends while it reads the snapshot leaves no timer behind', async () => {
    const api = await openApi();
    const path = snapshotPath();
    await leaveSnapshot(api, path);
    const after = startProcess(api, path);
    const { every } = after.clock;
    const timers: number[] = [];
    after.clock.every = (ms, run) => {
      timers.push(ms);
      return every.call(after.clock, ms, run);
    };
    await after.stop();
    await after.started;
    expect(timers).toEqual([]);
  });

  test('without the right for all of the cluster does not go on with what is known of namespaces that it cannot watch', async () => {
    const api = await openApi([...OBJECTS, apiNamespace('other'), apiService('other/gone', '10.0.0.3')]);
    const path = snapshotPath();
    const namespaces = ['shop'];
    const before = startProcess(api, path, { namespaces });
    await before.started;
    await synced(before);
    expect(names(before)).toEqual(['db', 'gone', 'web']);
    await before.stop();
    await api.set({ forbidden: [{ clusterWide: true }] });
    const after = startProcess(api, path, { namespaces });
    await after.started;
    await vi.waitFor(() => {
      after.clock.advance(100);
      expect(after.registry.synced && !after.registry.stale).toBe(true);
    }, PATIENT);
    expect(names(after)).toEqual(['db', 'web']);
    expect([...after.registry.namespaces()].map(({ name }) => name)).toEqual(['shop']);
  });

  test('serves it also if the clock has gone back, and says so', async () => {
    const api = await openApi();
    const path = snapshotPath();
    await leaveSnapshot(api, path);
    await api.set({ refuse: true });
    const after = startProcess(api, path, { laterMs: -3_600_000 });
    await after.started;
    await synced(after);
    expect(after.lines[0]).toContain(
      'serving 4 objects as they were at 2026-01-01T00:00:00.000Z, later than now, until',
    );
  });

  test('serves it also if the records hold more than is needed now', async () => {
    const api = await openApi();
    const path = snapshotPath();
    const before = startProcess(api, path, { needs: { ...NEEDS, zones: true } });
    await before.started;
    await synced(before);
    await before.stop();
    await api.set({ refuse: true });
    const after = startProcess(api, path, { needs: { ...NEEDS, podNames: false } });
    await after.started;
    await synced(after);
    expect(names(after)).toEqual(['db', 'web']);
  });

  test.each<[string, (api: ApiServer, path: string) => Promise<Process>]>([
    [
      'an earlier process',
      async (api, path) => {
        await leaveSnapshot(api, path);
        await api.set({ refuse: true });
        return startProcess(api, path);
      },
    ],
    [
      'before an outage',
      async (api, path) => {
        const process = startProcess(api, path);
        await synced(process);
        await api.set({ refuse: true });
        process.clock.advance(6 * MINUTE_MS);
        return process;
      },
    ],
  ])('marks what is known from %s as stale, also after a reload that needs more of each object', async (_, begin) => {
    const api = await openApi();
    const process = await begin(api, snapshotPath());
    await process.started;
    await synced(process);
    expect(process.registry.stale).toBe(true);
    const reader = process.cluster.reader({ ...NEEDS, kinds: ['slice'], zones: true });
    await reader.start();
    expect([reader.registry.synced, reader.registry.stale]).toEqual([true, true]);
    await api.set({ refuse: false });
    await vi.waitFor(() => {
      process.clock.advance(1000);
      expect(reader.registry.stale).toBe(false);
    }, PATIENT);
  });

  test('waits for kinds of objects that the last one did not read', async () => {
    const api = await openApi();
    const path = snapshotPath();
    await leaveSnapshot(api, path);
    await api.set({ refuse: true });
    const after = startProcess(api, path, { needs: { ...NEEDS, kinds: [...NEEDS.kinds, 'pod'] } });
    await after.started;
    after.clock.advance(1000);
    expect(after.registry.syncError).toContain('pods are not listed yet');
    expect(after.registry.syncError).not.toContain('services');
  });
});

describe('a snapshot is refused', () => {
  const refusal = async (api: ApiServer, path: string, options: ProcessOptions = {}) => {
    await api.set({ refuse: true });
    const process = startProcess(api, path, options);
    await process.started;
    process.clock.advance(1000);
    expect(process.registry.synced).toBe(false);
    expect(contents(process)).toEqual({ namespaces: [], services: [], slices: [] });
    expect(await process.metric('cairn_snapshot_restores_total')).toBe(1);
    return process.lines[0];
  };
  const text = (path: string, problem: string) => `[WARNING] ${path}: the snapshot is not used: ${path} ${problem}`;

  test('if it is cut short, or damaged', async () => {
    const api = await openApi();
    const path = snapshotPath();
    await leaveSnapshot(api, path);
    writeFileSync(path, readFileSync(path).subarray(0, -1));
    expect(await refusal(api, path)).toBe(text(path, 'is cut short or damaged'));
  });

  test('if it is too old', async () => {
    const api = await openApi();
    const path = snapshotPath();
    await leaveSnapshot(api, path);
    const line = await refusal(api, path, { maxAgeMs: 3_600_000, laterMs: 3_700_000 });
    expect(line).toMatch(/was written at \S+, which is more than 1 h ago$/);
    const short = await refusal(api, path, { maxAgeMs: 300_000, laterMs: 400_000 });
    expect(short).toMatch(/was written at \S+, which is more than 0.08 h ago$/);
  });

  test('if it is of another cluster', async () => {
    const path = snapshotPath();
    await leaveSnapshot(await openApi(), path);
    const problem = 'is of another cluster, or of another choice of its objects';
    expect(await refusal(await openApi(), path)).toBe(text(path, problem));
  });

  test('if other namespaces were chosen, or records held something else', async () => {
    const api = await openApi();
    const path = snapshotPath();
    await leaveSnapshot(api, path);
    expect(await refusal(api, path, { namespaces: ['shop'] })).toContain('of another choice of its objects');
    const line = await refusal(api, path, { needs: { ...NEEDS, zones: true } });
    expect(line).toBe(text(path, 'has another choice of endpointslices'));
  });

  test.each([
    [
      'of another format',
      { format: 'cairn registry 0' },
      [],
      `has the format 'cairn registry 0', not 'cairn registry 1'`,
    ],
    ['without a header', {}, [], `has the format 'undefined', not 'cairn registry 1'`],
  ])('if it is %s', async (_, header, lines, problem) => {
    const api = await openApi();
    const path = snapshotPath();
    await writeSnapshot(path, header, lines);
    expect(await refusal(api, path)).toBe(text(path, problem));
  });

  test('whole, if one line of many is no record', async () => {
    const api = await openApi();
    const path = snapshotPath();
    await leaveSnapshot(api, path);
    const [header = '', ...lines] = readFileSync(path, 'utf8').trimEnd().split('\n').slice(0, -1);
    await writeSnapshot(path, JSON.parse(header), [...lines, '["service",{}]']);
    expect(await refusal(api, path)).toBe(text(path, 'has a line that is not a record'));
  });
});

describe('a snapshot is written', () => {
  const written = (process: Process) => process.metric('cairn_snapshot_writes_total');

  test('once a minute at most, if something has changed', async () => {
    const api = await openApi();
    const path = snapshotPath();
    const process = startProcess(api, path);
    await process.started;
    await synced(process);
    process.clock.advance(MINUTE_MS);
    await vi.waitFor(async () => expect(await written(process)).toBe(1), PATIENT);
    for (let i = 0; i < 10; i++) api.put(apiService(`shop/s${i}`, `10.0.1.${i}`));
    await vi.waitFor(() => expect(names(process)).toHaveLength(12), PATIENT);
    process.clock.advance(MINUTE_MS - 1);
    expect(await written(process)).toBe(1);
    process.clock.advance(1);
    await vi.waitFor(async () => expect(await written(process)).toBe(2), PATIENT);
    process.clock.advance(5 * MINUTE_MS);
    await process.stop();
    expect(await written(process)).toBe(2);
    expect(statSync(path).size).toBe((await process.metric('cairn_snapshot_bytes')) + 78);
  });

  test('again after a while without changes, so that it does not become too old', async () => {
    const api = await openApi();
    const process = startProcess(api, snapshotPath(), { maxAgeMs: 100 * MINUTE_MS });
    await process.started;
    await synced(process);
    process.clock.advance(MINUTE_MS);
    await vi.waitFor(async () => expect(await written(process)).toBe(1), PATIENT);
    for (let minutes = 0; minutes < 10; minutes++) {
      process.clock.advance(MINUTE_MS);
      for (const watch of api.watches) watch.bookmark();
      await new Promise(setImmediate);
    }
    await vi.waitFor(async () => expect(await written(process)).toBe(2), PATIENT);
  });

  test('not from what a snapshot said: its age stays true', async () => {
    const api = await openApi();
    const path = snapshotPath();
    await leaveSnapshot(api, path);
    const { mtimeMs } = statSync(path);
    await api.set({ refuse: true });
    const after = startProcess(api, path);
    await after.started;
    await synced(after);
    after.clock.advance(10 * MINUTE_MS);
    await after.stop();
    expect(await written(after)).toBe(0);
    expect(statSync(path).mtimeMs).toBe(mtimeMs);
  });

  test('or else an error is logged, once, and what is served goes on', async () => {
    const api = await openApi();
    const path = snapshotPath();
    mkdirSync(path);
    const process = startProcess(api, path);
    await process.started;
    await synced(process);
    for (let i = 0; i < 3; i++) {
      process.clock.advance(MINUTE_MS);
      await vi.waitFor(async () => expect(await written(process)).toBe(i + 1), PATIENT);
    }
    const errors = process.lines.filter((line) => line.startsWith('[ERROR]'));
    expect(errors).toHaveLength(1);
    expect(errors[0]).toContain(`${path}: the snapshot is not written:`);
    expect(names(process)).toEqual(['db', 'web']);
    rmSync(path, { recursive: true });
    process.clock.advance(MINUTE_MS);
    await vi.waitFor(() => expect(process.lines.at(-1)).toBe(`[INFO] ${path}: the snapshot is written again`), PATIENT);
  });
});
