import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { Rcode } from '../../src/dns/message.ts';
import { plugins } from '../../src/plugins.ts';
import { corefileSource } from '../../src/server/corefile-source.ts';
import { Server } from '../../src/server/server.ts';
import { ask } from '../support/ask.ts';
import { answering, startUpstream } from '../support/upstream.ts';

const FOLDER = resolve(import.meta.dirname, '../acceptance');
const rows = readFileSync(`${FOLDER}/expected.txt`, 'utf8')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'));

let port: number;

beforeAll(async () => {
  const upstream = await startUpstream(answering([], { rcode: Rcode.NXDOMAIN }));
  // The Corefile as it is, but for ports that may be taken.
  const text = readFileSync(`${FOLDER}/Corefile`, 'utf8')
    .replace('.:1053', '.')
    .replace(/127\.0\.0\.1:(8080|8181|9153)/g, '127.0.0.1:0')
    .replaceAll('127.0.0.1:10530', upstream.endpoint)
    .replace('lameduck 5s', '');
  const source = corefileSource({ file: `${FOLDER}/Corefile`, text, plugins, dnsPort: 0 });
  const server = new Server({ source, sink: () => {} });
  await server.start();
  port = server.listening[0]!.port;
  return async () => {
    await server.shutdown();
    await upstream.close();
  };
});

test.each(rows.flatMap((row) => [[row, 'UDP'] as const, [row, 'TCP'] as const]))(
  '%s over %s',
  async (row, protocol) => {
    const [, name, type, rcode, rest] = /^(\S+) (\S+) => (\S+) ?(.*)$/.exec(row)!;
    const reply = await ask(port, name!, type!, { tcp: protocol === 'TCP', udpSize: 1232 });
    expect(reply.rcode).toBe(rcode);
    expect(reply.answer.toSorted()).toEqual(parseAnswers(rest!, type!).toSorted());
    expect(reply.message.answer.every((record) => record.name === `${name}.`)).toBe(true);
  },
);

/** The answers of a row; those of several words stand in quotes. */
function parseAnswers(text: string, type: string): string[] {
  const words = text.match(/"[^"]*"|\S+/g) ?? [];
  return words.map((word) => (type === 'TXT' ? word : word.replaceAll('"', '')));
}
