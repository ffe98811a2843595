import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { Opcode, queryMessage } from '../../src/dns/message.ts';
import { SOA } from '../../src/dns/rr.ts';
import { decodeMessage } from '../../src/dns/wire/decode.ts';
import { encodeMessage } from '../../src/dns/wire/encode.ts';
import { ask } from '../support/ask.ts';
import { PATIENT } from '../support/patience.ts';
import { startServer } from '../support/server.ts';

/** Tells a server that a zone has changed; the result is the reply. */
async function notify(port: number, zone: string) {
  const socket = createSocket('udp4');
  onTestFinished(() => void socket.close());
  const query = queryMessage({ name: zone, type: SOA.code, class: 1 }, { rd: false });
  socket.send(encodeMessage({ ...query, opcode: Opcode.NOTIFY, aa: true }), port, '127.0.0.1');
  const [reply] = await once(socket, 'message');
  return decodeMessage(reply as Buffer);
}

test('a zone file goes from one server to another, and so does its change', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'cairn-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const path = join(folder, 'db');
  const write = (serial: number, address: string) =>
    writeFile(path, `@ 60 SOA ns mail ${serial} 3600 600 86400 60\n NS ns\nns A 192.0.2.53\n*.w A ${address}\n`);
  await write(1, '192.0.2.1');
  const primary = await startServer(`a.test {\nbind 127.0.0.1\nfile ${path}\ntransfer {\nto *\n}\n}`);
  const copy = await startServer(
    `a.test {\nbind 127.0.0.1\nany\nsecondary {\ntransfer from 127.0.0.1:${primary.port}\n}\n}`,
  );
  const askBoth = async () => [
    (await ask(primary.port, 'x.w.a.test', 'A')).answer,
    (await ask(copy.port, 'x.w.a.test', 'A')).answer,
  ];
  await vi.waitFor(async () => expect(await askBoth()).toEqual([['192.0.2.1'], ['192.0.2.1']]), PATIENT);

  await write(20, '192.0.2.20');
  await primary.server.reload();
  expect(await notify(copy.port, 'a.test.')).toMatchObject({ rcode: 0, aa: true, opcode: Opcode.NOTIFY });
  await vi.waitFor(async () => expect(await askBoth()).toEqual([['192.0.2.20'], ['192.0.2.20']]), PATIENT);
  expect(copy.lines.filter((line) => line.includes('secondary'))).toEqual([
    expect.stringContaining('a.test. has serial 1 from 127.0.0.1'),
  ]);
  // What had changed came alone (RFC 1995).
  const counted = async ({ server }: typeof copy, name: string) =>
    (await server.metrics.expose()).split('\n').filter((line) => line.startsWith(name) && !line.endsWith(' 0'));
  expect(await counted(copy, 'cairn_secondary_refreshes_total')).toEqual([
    'cairn_secondary_refreshes_total{zone="a.test.",result="transferred"} 1',
    'cairn_secondary_refreshes_total{zone="a.test.",result="updated"} 1',
  ]);
  expect((await counted(primary, 'cairn_zone_transfers_total')).map((line) => line.replace(/.*result/, ''))).toEqual([
    ...['="full"} 1', '="changes"} 1'],
  ]);
});
