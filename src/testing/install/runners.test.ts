import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { folderWith } from '../../../test/support/folder.ts';

const KIT = JSON.stringify(pathToFileURL(`${import.meta.dirname}/../index.ts`).href);

/** A program that becomes a pod and calls a service; at its end `result` says what came, and whether all was put back. */
const PROGRAM = `
import { lookup } from 'node:dns/promises';
import dns from 'node:dns';
import { createServer } from 'node:http';
import { startCluster } from ${KIT};

const before = dns.lookup;
await using cluster = await startCluster({
  objects: [{ kind: 'Service', metadata: { name: 'web', namespace: 'shop' }, spec: { clusterIP: '10.96.0.20', ports: [{ port: 80 }] } }],
});
let result;
{
  const server = createServer((request, response) => response.end('hello'));
  await using net = cluster.install({ as: { namespace: 'shop' }, serve: { 'shop/web': server } });
  result = [(await lookup('web')).address, await (await fetch('http://web/')).text()];
}
result.push(dns.lookup === before);
`;

test('in a worker thread, as with the pool `threads`, which leaves the other threads alone', async () => {
  const folder = folderWith({
    'program.ts': `${PROGRAM}\nimport { parentPort } from 'node:worker_threads';\nparentPort.postMessage(result);`,
  });
  const worker = new Worker(`${folder}/program.ts`);
  const [[result]] = await Promise.all([once(worker, 'message'), once(worker, 'exit')]);
  expect(result).toEqual(['10.96.0.20', 'hello', true]);
});

/** Two files of tests; `imports` gets `test` and `expect` from the runner. */
function twoFiles(imports: string, extension: string): string {
  const body = (name: string) => `${imports}\n${PROGRAM}
test('${name} is a pod', () => expect(JSON.stringify(result)).toBe('["10.96.0.20","hello",true]'));`;
  return folderWith({ [`first.test.${extension}`]: body('first'), [`second.test.${extension}`]: body('second') });
}

/** Runs a program of Node.js as a user would, not as a part of this test's run. */
async function run(...args: string[]): Promise<string> {
  const { NODE_TEST_CONTEXT: _, VITEST: _1, VITEST_WORKER_ID: _2, VITEST_POOL_ID: _3, ...env } = process.env;
  const { stdout } = await promisify(execFile)(process.execPath, args, { env: { ...env, NO_COLOR: '1' } });
  return stdout;
}

const NODE_TEST = `import { test } from 'node:test';
import assert from 'node:assert/strict';
const expect = (found) => ({ toBe: (wanted) => assert.equal(found, wanted) });`;

test.each(['process', 'none'])(
  'in files of node:test with the isolation %s, and the process ends by itself',
  async (isolation) => {
    const folder = twoFiles(NODE_TEST, 'ts');
    const files = ['first', 'second'].map((name) => `${folder}/${name}.test.ts`);
    const output = await run('--test', `--test-isolation=${isolation}`, '--test-reporter=tap', ...files);
    expect(output).toMatch(/^# pass 2$/m);
  },
);

test.each(['threads', 'forks', 'vmThreads'])(
  'in files that vitest runs at the same time with the pool %s',
  async (pool) => {
    const folder = twoFiles('', 'ts');
    const vitest = join(dirname(createRequire(import.meta.url).resolve('vitest/package.json')), 'vitest.mjs');
    const options = ['--globals', `--pool=${pool}`, '--maxWorkers=2', '--reporter=json', `--root=${folder}`];
    const output = await run(vitest, 'run', ...options);
    expect(JSON.parse(output)).toMatchObject({ numPassedTests: 2, numFailedTests: 0, success: true });
  },
);
