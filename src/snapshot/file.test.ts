import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { folderWith } from '../../test/support/folder.ts';
import { seededRandom } from '../../test/support/random.ts';
import { parseSnapshot, readSnapshot, writeSnapshot } from './file.ts';

const HEADER = { format: 'test 1', writtenAt: '2026-11-30T12:00:00Z' };
const linesOf = (count: number) =>
  Array.from({ length: count }, (_, i) => JSON.stringify(['é', i, 'x'.repeat(i % 50)]));

async function contentOf(path: string) {
  const content = await readSnapshot(path);
  return content && { header: content.header, lines: [...content.lines] };
}

test.each([0, 1, 5000])('%d lines come back as they were', async (count) => {
  const path = join(folderWith({}), 'deep/er/snapshot');
  const octets = await writeSnapshot(path, HEADER, linesOf(count));
  expect(await contentOf(path)).toEqual({ header: HEADER, lines: linesOf(count) });
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(readFileSync(path).length).toBe(octets + '{"sha256":""}\n'.length + 64);
  expect(readdirSync(join(path, '..'))).toEqual(['snapshot']);
});

test('a file that is not there is no error', async () => {
  expect(await readSnapshot(join(folderWith({}), 'snapshot'))).toBeUndefined();
});

test('no one of 10,000 mutations is taken for a snapshot', async () => {
  const path = join(folderWith({}), 'snapshot');
  await writeSnapshot(path, HEADER, linesOf(20));
  const good = readFileSync(path);
  const random = seededRandom();
  const at = (length: number) => Math.floor(random() * length);
  const mutations: readonly ((octets: Buffer) => Buffer)[] = [
    (octets) => octets.subarray(0, at(octets.length)),
    (octets) => octets.subarray(1 + at(octets.length - 1)),
    (octets) => {
      const place = at(octets.length);
      octets[place]! ^= 1 << at(8);
      return octets;
    },
    (octets) => Buffer.concat([octets.subarray(0, at(octets.length)), octets.subarray(at(octets.length))]),
    (octets) => Buffer.concat([octets, Buffer.from([at(256)])]),
    (octets) =>
      Buffer.from(
        octets.toString('latin1').replace(/\d/, (digit) => String((Number(digit) + 1) % 10)),
        'latin1',
      ),
    (octets) => Buffer.alloc(octets.length, at(256)),
  ];
  let refused = 0;
  for (let count = 0; count < 10_000; count++) {
    const bad = mutations[count % mutations.length]!(Buffer.from(good));
    if (bad.equals(good)) continue;
    expect(() => [...parseSnapshot(path, bad)]).toThrow(`${path} is cut short or damaged`);
    refused++;
  }
  expect(refused).toBeGreaterThan(9900);
});

test('what cannot be written leaves the old file, and nothing beside it', async () => {
  const path = join(folderWith({}), 'snapshot');
  await writeSnapshot(path, HEADER, linesOf(3));
  const broken = function* () {
    yield* linesOf(5000);
    throw new Error('no more');
  };
  await expect(writeSnapshot(path, HEADER, broken())).rejects.toThrow('no more');
  expect(await contentOf(path)).toEqual({ header: HEADER, lines: linesOf(3) });
  expect(readdirSync(join(path, '..'))).toEqual(['snapshot']);
});

test('a folder in the place of the file is an error that names it', async () => {
  const folder = folderWith({});
  mkdirSync(join(folder, 'snapshot'));
  await expect(readSnapshot(join(folder, 'snapshot'))).rejects.toThrow('snapshot');
  await expect(writeSnapshot(join(folder, 'snapshot'), HEADER, [])).rejects.toThrow('snapshot');
});

test('files that killed processes have left are removed after a while, and no others', async () => {
  const old = (Date.now() - 3_600_000) / 1000;
  const folder = folderWith({});
  const path = join(folder, 'snapshot');
  const names = ['0123456789abcdef.tmp', 'fedcba9876543210.tmp', 'bak', '12.tmp'];
  for (const name of names) writeFileSync(`${path}.${name}`, 'x');
  for (const name of names.slice(1)) utimesSync(`${path}.${name}`, old, old);
  writeFileSync(join(folder, 'other.0123456789abcdef.tmp'), 'x');
  utimesSync(join(folder, 'other.0123456789abcdef.tmp'), old, old);
  await writeSnapshot(path, HEADER, []);
  expect(readdirSync(folder).sort()).toEqual([
    'other.0123456789abcdef.tmp',
    'snapshot',
    ...[names[0], names[3], names[2]].map((name) => `snapshot.${name}`),
  ]);
});

test('two processes with one id write one path at the same time', async () => {
  const path = join(folderWith({}), 'snapshot');
  const all = await Promise.all([3000, 3001, 3002].map((count) => writeSnapshot(path, HEADER, linesOf(count))));
  expect(all).toHaveLength(3);
  expect((await contentOf(path))?.lines.length).toBeGreaterThanOrEqual(3000);
});

test('a link in the place of the unfinished file is not followed', async () => {
  const folder = folderWith({ 'precious.txt': 'precious' });
  const path = join(folder, 'snapshot');
  symlinkSync(join(folder, 'precious.txt'), `${path}.${process.pid}.tmp`);
  await writeSnapshot(path, HEADER, []);
  expect(readFileSync(join(folder, 'precious.txt'), 'utf8')).toBe('precious');
});

test('if there is no room for the last octets, the old file stays', async () => {
  const path = join(folderWith({}), 'snapshot');
  await writeSnapshot(path, HEADER, linesOf(3));
  const program = `
    const { writeSnapshot } = await import(${JSON.stringify(new URL('file.ts', import.meta.url).href)});
    await writeSnapshot(process.argv[1], {}, ['x'.repeat(4 * 512 - 20)]).catch(({ code }) => console.log(code));`;
  const limited = 'ulimit -f 4 && exec "$@"';
  const node = [process.execPath, '--input-type=module', '-e', program, path];
  const { stdout, stderr } = spawnSync('sh', ['-c', limited, 'sh', ...node], { encoding: 'utf8' });
  expect({ stdout, stderr }).toEqual({ stdout: 'EFBIG\n', stderr: '' });
  expect(await contentOf(path)).toEqual({ header: HEADER, lines: linesOf(3) });
});
