import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Job, Seen } from './inside.ts';
import type { Scenario } from './scenario.ts';

/** How many namespaces work at the same time: most of their time is waiting. */
const NAMESPACES = 8;

const SCRIPT = `
ip link set lo up
mount --bind resolv.conf /etc/resolv.conf
mount --bind nsswitch.conf /etc/nsswitch.conf
exec "$0" "$1"
`;

/** Lets a real resolver look up the scenarios, in namespaces of their own, and tells what each made it ask. */
export async function watch(driver: Omit<Job, 'scenarios'>, scenarios: readonly Scenario[]): Promise<Seen[]> {
  const size = Math.ceil(scenarios.length / NAMESPACES);
  if (size === 0) return [];
  const parts = Array.from({ length: NAMESPACES }, (_, i) => scenarios.slice(i * size, (i + 1) * size)).filter(
    (part) => part.length > 0,
  );
  return (await Promise.all(parts.map((part) => watchPart({ ...driver, scenarios: part })))).flat();
}

function watchPart(job: Job): Promise<Seen[]> {
  const folder = mkdtempSync(join(tmpdir(), 'cairn-stub-'));
  writeFileSync(join(folder, 'resolv.conf'), '');
  writeFileSync(join(folder, 'nsswitch.conf'), 'hosts: dns\n');
  const args = ['-rnm', 'sh', '-c', SCRIPT, process.execPath, join(import.meta.dirname, 'inside.ts')];
  return new Promise((resolve, reject) => {
    const child = execFile('unshare', args, { cwd: folder, maxBuffer: 2 ** 26 }, (error, stdout) => {
      rmSync(folder, { recursive: true });
      if (error) reject(error);
      else resolve(JSON.parse(stdout));
    });
    child.stdin?.end(JSON.stringify(job));
  });
}
