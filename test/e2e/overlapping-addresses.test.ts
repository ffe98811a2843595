import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { loadMachinery } from '../../src/net/native/batched-udp.ts';
import { ask } from '../support/ask.ts';
import { answersIn, dialTls, questionOctets } from '../support/ask-encrypted.ts';
import { KEY, SERVER_CERT } from '../support/authority.ts';
import { startServer } from '../support/server.ts';
import { refusedPort } from '../support/upstream.ts';

const LOOPBACKS = ['127.0.0.1', '::1'];
const hasIPv6 = Object.values(networkInterfaces()).some((infos) => infos?.some(({ address }) => address === '::1'));
const kinds = (await loadMachinery()) ? ['batched', 'portable'] : ['portable'];

afterEach(() => vi.unstubAllEnvs());

/** Blocks that answer `10.0.0.N`, the first N = 1, for `www.test` and all below it, with these lines in them. */
function blocks(
  port: number,
  bodies: readonly string[],
  key = (i: number) => (i === 0 ? 'test' : `z${i}.test`),
): string {
  return bodies.map((body, i) => `${key(i)}:${port} {\n${body}\n${answering(i + 1)}\n}\n`).join('');
}

const answering = (n: number) => `template IN A {\nanswer "{{ .Name }} 60 IN A 10.0.0.${n}"\n}`;

/** Which block answers at each loopback address, over both protocols: a number that {@link blocks} gives, or an rcode. */
async function answers(port: number, names: readonly string[]): Promise<string[]> {
  const said: string[] = [];
  for (const address of LOOPBACKS) {
    for (const name of names) {
      const [udp, tcp] = await Promise.all([
        ask(port, name, 'A', { address }),
        ask(port, name, 'A', { address, tcp: true }),
      ]);
      expect([tcp.rcode, tcp.answer]).toEqual([udp.rcode, udp.answer]);
      said.push(udp.answer[0]?.replace('10.0.0.', '') ?? udp.rcode);
    }
  }
  return said;
}

describe.runIf(hasIPv6)('blocks whose addresses overlap', () => {
  describe.each(kinds)('over %s UDP', (kind) => {
    /** The lines of the blocks, then which block answers for www.test and www.z1.test at 127.0.0.1 and ::1. */
    test.each([
      [['bind 0.0.0.0 ::'], ['1', '1', '1', '1']],
      [['bind ::\nbind 0.0.0.0'], ['1', '1', '1', '1']],
      [['bind :: 127.0.0.1'], ['1', '1', '1', '1']],
      [['bind ::'], ['1', '1', '1', '1']],
      [
        ['bind 0.0.0.0', 'bind ::'],
        ['1', '1', 'REFUSED', '2'],
      ],
      [
        ['bind ::', 'bind 0.0.0.0'],
        ['REFUSED', '2', '1', '1'],
      ],
      [
        ['bind 0.0.0.0 ::1', 'bind 127.0.0.1'],
        ['REFUSED', '2', '1', '1'],
      ],
      [
        ['bind ::', 'bind 127.0.0.1'],
        ['REFUSED', '2', '1', '1'],
      ],
      [
        ['bind ::', 'bind ::1'],
        ['1', '1', 'REFUSED', '2'],
      ],
      [
        ['', 'bind 0.0.0.0'],
        ['REFUSED', '2', '1', '1'],
      ],
      [
        ['', 'bind ::'],
        ['1', '1', 'REFUSED', '2'],
      ],
      [
        ['', 'bind ::1 127.0.0.1'],
        ['REFUSED', '2', 'REFUSED', '2'],
      ],
      [
        ['', 'bind 0.0.0.0\nbind ::'],
        ['REFUSED', '2', 'REFUSED', '2'],
      ],
    ])('%j', async (bodies, expected) => {
      vi.stubEnv('CAIRN_UDP', kind);
      const port = await refusedPort();
      await startServer(blocks(port, bodies));
      expect(await answers(port, ['www.test', 'www.z1.test'])).toEqual(expected);
    });

    test('follow the Corefile from one combination to another', async () => {
      vi.stubEnv('CAIRN_UDP', kind);
      const port = await refusedPort();
      const running = await startServer(blocks(port, ['bind 127.0.0.1']));
      const steps: [string[], string[]][] = [
        [['bind 0.0.0.0 ::'], ['1', '1']],
        [['bind ::1 127.0.0.1'], ['1', '1']],
        [[''], ['1', '1']],
        [
          ['', 'bind 127.0.0.1'],
          ['REFUSED', '1'],
        ],
        [
          ['bind ::', 'bind 127.0.0.1'],
          ['REFUSED', '1'],
        ],
        [
          ['bind ::1', 'bind 0.0.0.0'],
          ['REFUSED', '1'],
        ],
        [['bind 0.0.0.0 ::1'], ['1', '1']],
      ];
      for (const [bodies, expected] of steps) {
        running.rewrite(blocks(port, bodies));
        expect(await running.server.reload(), running.lines.at(-1)).toBe('reloaded');
        expect(await answers(port, ['www.test'])).toEqual(expected);
      }
    });
  });

  test.runIf(kinds.includes('batched'))('are told apart by worker threads', async () => {
    const port = await refusedPort();
    await startServer(
      blocks(port, ['bind 0.0.0.0\nmultisocket 2', 'bind ::', 'bind ::1'], (i) => (i === 0 ? '.' : 'test')),
    );
    for (let round = 0; round < 8; round++) {
      expect(await answers(port, ['www.test'])).toEqual(['1', '3']);
    }
  });

  test('and two transports at overlapping addresses of a port are an error that names both', async () => {
    const port = await refusedPort();
    const text = blocks(port, ['bind 0.0.0.0', 'bind 127.0.0.1'], (i) => (i === 0 ? 'test' : 'https://test'));
    await expect(startServer(text)).rejects.toThrow(
      /needs a port of its own: port \d+ is that of 'test:\d+' at Corefile:1:1/,
    );
  });

  test.each(['tls', 'https'])('work over %s, too', async (transport) => {
    const folder = mkdtempSync(join(tmpdir(), 'cairn-overlap-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    for (const [name, text] of Object.entries({ cert: SERVER_CERT, key: KEY })) writeFileSync(join(folder, name), text);
    const secured = transport === 'tls' ? `tls ${folder}/cert ${folder}/key` : '';
    const port = await refusedPort();
    const bodies = ['bind 0.0.0.0 ::', 'bind 127.0.0.1'].map((bind) => `${bind}\n${secured}`);
    await startServer(blocks(port, bodies, (i) => `${transport}://${i === 0 ? '.' : 'test'}`));
    const query = questionOctets('www.test', 'A');
    const said = LOOPBACKS.map(async (host) => {
      if (transport === 'tls') return answersIn(await (await dialTls(port, { host })).ask(query));
      const authority = host.includes(':') ? `[${host}]` : host;
      const response = await fetch(`http://${authority}:${port}/dns-query?dns=${query.toString('base64url')}`);
      return answersIn(new Uint8Array(await response.arrayBuffer()));
    });
    expect(await Promise.all(said)).toEqual([['10.0.0.2'], ['10.0.0.1']]);
  });
});

/** The bodies of pages at the loopbacks, or their status if that is not 200. */
async function pages(port: number, path: string): Promise<(string | number)[]> {
  const hosts = hasIPv6 ? ['127.0.0.1', '[::1]'] : ['127.0.0.1'];
  const responses = hosts.map(async (host) => {
    const response = await fetch(`http://${host}:${port}${path}`, { headers: { connection: 'close' } }).catch(
      () => undefined,
    );
    return response?.status === 200 ? response.text() : (response?.status ?? 'refused');
  });
  return Promise.all(responses);
}

describe.runIf(hasIPv6)('pages whose addresses overlap', () => {
  test.each([
    [':PORT', '0.0.0.0:PORT', ['OK', 'OK']],
    [':PORT', '127.0.0.1:PORT', ['OK', 'OK']],
    [':PORT', '[::]:PORT', ['OK', 'OK']],
    ['0.0.0.0:PORT', '127.0.0.1:PORT', ['OK', 'refused']],
    ['0.0.0.0:PORT', '[::]:PORT', ['OK', 'OK']],
    ['[::1]:PORT', '127.0.0.1:PORT', ['OK', 'OK']],
    ['127.0.0.1:PORT', 'localhost:PORT', ['OK', expect.anything()]],
  ])('health at %s and at %s', async (first, second, expected) => {
    const port = `${await refusedPort()}`;
    const { lines } = await startServer(
      [first, second].map((address, i) => `z${i} {\nhealth ${address.replace('PORT', port)}\nwhoami\n}\n`).join(''),
    );
    expect(await pages(Number(port), '/health')).toEqual(expected);
    expect(lines.filter((line) => line.includes('ERROR'))).toEqual([]);
  });

  test('different pages are found at the closest address that has them', async () => {
    const port = await refusedPort();
    await startServer(`. {\nhealth :${port}\nready 127.0.0.1:${port}\nprometheus [::1]:${port}\nwhoami\n}`);
    expect(await pages(port, '/health')).toEqual(['OK', 'OK']);
    expect(await pages(port, '/ready')).toEqual(['OK', 404]);
    expect(await pages(port, '/metrics')).toEqual([404, expect.stringContaining('cairn_')]);
  });

  test('follow the Corefile from one combination to another', async () => {
    const port = await refusedPort();
    const text = (...addresses: string[]) =>
      `. {\n${addresses.map((address, i) => `${['health', 'ready'][i]} ${address}:${port}`).join('\n')}\nwhoami\n}`;
    const running = await startServer(text('127.0.0.1'));
    for (const [addresses, health, ready] of [
      [
        ['127.0.0.1', ''],
        ['OK', 404],
        ['OK', 'OK'],
      ],
      [
        ['[::1]', '127.0.0.1'],
        [404, 'OK'],
        ['OK', 404],
      ],
      [
        ['0.0.0.0', '[::]'],
        ['OK', 404],
        ['OK', 'OK'],
      ],
      [
        ['0.0.0.0', '0.0.0.0'],
        ['OK', 'refused'],
        ['OK', 'refused'],
      ],
    ] as const) {
      running.rewrite(text(...addresses));
      expect(await running.server.reload()).toBe('reloaded');
      expect([addresses, await pages(port, '/health'), await pages(port, '/ready')]).toEqual([
        addresses,
        health,
        ready,
      ]);
    }
    expect(running.lines.filter((line) => line.includes('ERROR'))).toEqual([]);
  });
});
