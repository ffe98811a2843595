import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { decodeMessage } from '../../src/dns/wire/decode.ts';
import { encodeMessage } from '../../src/dns/wire/encode.ts';
import { createFrames, frame } from '../../src/net/stream/frames.ts';
import { ask } from '../support/ask.ts';
import { CA_CERT, KEY, SERVER_CERT } from '../support/authority.ts';
import { startServer } from '../support/server.ts';
import { canRun } from '../support/tools.ts';
import { answerTo, refusedPort } from '../support/upstream.ts';

const withOpenssl = canRun('openssl', ['version']);
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'openssl-'));
  for (const [name, text] of Object.entries({ 'ca.pem': CA_CERT, 'key.pem': KEY, 'server.pem': SERVER_CERT })) {
    await writeFile(join(folder, name), text);
  }
});

afterAll(() => rm(folder, { recursive: true }));

/** OpenSSL's own server as a pipe: what comes over TLS stands on its output, what it reads goes back. */
async function startOpenssl(version: string): Promise<number> {
  const port = await refusedPort();
  const args = [
    's_server',
    '-quiet',
    '-accept',
    `127.0.0.1:${port}`,
    version,
    '-cert',
    'server.pem',
    '-key',
    'key.pem',
  ];
  const server = spawn('openssl', args, { cwd: folder, stdio: ['pipe', 'pipe', 'ignore'] });
  onTestFinished(async () => {
    server.kill();
    await once(server, 'exit');
  });
  const frames = createFrames();
  server.stdout.on('data', (chunk: Buffer) => {
    frames.push(chunk);
    for (let query = frames.next(); query; query = frames.next()) {
      const { questions } = decodeMessage(query);
      const record = `${questions[0]!.name} 60 IN A 192.0.2.1`;
      server.stdin.write(frame(encodeMessage(answerTo(decodeMessage(query), [record]))));
    }
  });
  await expect.poll(() => isOpen(port)).toBe(true);
  return port;
}

async function isOpen(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

test.runIf(withOpenssl).each(['-tls1_2', '-tls1_3'])('an upstream of openssl s_server %s', async (version) => {
  const upstream = await startOpenssl(version);
  const { port } = await startServer(
    `. {\nforward . tls://127.0.0.1%dns.test:${upstream} {\ntls ${folder}/ca.pem\n}\n}\n`,
  );
  const replies = [await ask(port, 'a.example', 'A'), await ask(port, 'b.example', 'A', { tcp: true })];
  expect(replies.map(({ rcode, answer }) => [rcode, answer])).toEqual(Array(2).fill(['NOERROR', ['192.0.2.1']]));
});
