import { execFile } from 'node:child_process';
import { once } from 'node:events';
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

test('in node:test, and the process ends by itself', async () => {
  const folder = folderWith({
    'program.test.ts': `import { test } from 'node:test';\nimport assert from 'node:assert/strict';\n${PROGRAM}
test('is a pod', () => assert.deepEqual(result, ['10.96.0.20', 'hello', true]));`,
  });
  const args = ['--test', '--test-reporter=tap', `${folder}/program.test.ts`];
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const { stdout } = await promisify(execFile)(process.execPath, args, { env });
  expect(stdout).toMatch(/^# pass 1$/m);
});
