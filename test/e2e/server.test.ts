import { connect } from 'node:net';
import { encode } from 'dns-packet';
import { expect, onTestFinished, test } from 'vitest';
import { EdnsOption } from '../../src/dns/message.ts';
import { decodeMessage } from '../../src/dns/wire/decode.ts';
import { encodeMessage } from '../../src/dns/wire/encode.ts';
import { ask, exchangeTcp, exchangeUdp, questionPacket } from '../support/ask.ts';
import { testMessage } from '../support/query.ts';
import { startServer } from '../support/server.ts';
import { answerTo, startUpstream } from '../support/upstream.ts';

const MANY_HOSTS = Array.from({ length: 100 }, (_, i) => `10.0.${i}.1 many.example.org`).join('\n');

async function hostsServer(): Promise<number> {
  const { port } = await startServer(`example.org {
    hosts /dev/null {
      192.0.2.1 www.example.org
      ${MANY_HOSTS}
    }
  }`);
  return port;
}

test('question and owner names come back in the letter case of the client', async () => {
  const reply = await ask(await hostsServer(), 'wWw.eXaMpLe.OrG', 'A');
  expect(reply.message.questions[0]?.name).toBe('wWw.eXaMpLe.OrG.');
  expect(reply.message.answer[0]?.name).toBe('wWw.eXaMpLe.OrG.');
});

test('a reply has an OPT record if, and only if, the query had one; with our own size and without foreign options', async () => {
  const port = await hostsServer();
  expect((await ask(port, 'www.example.org', 'A')).message.edns).toBeUndefined();
  const options = [{ code: EdnsOption.COOKIE, data: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8) }];
  const query = encodeMessage(testMessage('www.example.org.', { edns: { udpSize: 4096, do: true, options } }));
  const reply = decodeMessage(await exchangeUdp('127.0.0.1', port, query));
  expect(reply.edns).toEqual({ udpSize: 1232, version: 0, do: true, options: [] });
});

test('an unknown EDNS version gets BADVERS, in an OPT record of version 0', async () => {
  const query = encodeMessage(testMessage('www.example.org.', { edns: { version: 1 } }));
  const reply = decodeMessage(await exchangeUdp('127.0.0.1', await hostsServer(), query));
  expect(reply.rcode).toBe(16);
  expect(reply.edns?.version).toBe(0);
});

test('over TCP, a client that asks for it is told how long idle connections are kept (RFC 7828)', async () => {
  const port = await hostsServer();
  const options = [{ code: EdnsOption.TCP_KEEPALIVE, data: new Uint8Array(0) }];
  const query = encodeMessage(testMessage('www.example.org.', { edns: { options } }));
  const overTcp = decodeMessage(await exchangeTcp('127.0.0.1', port, query));
  expect(overTcp.edns?.options).toEqual([{ code: EdnsOption.TCP_KEEPALIVE, data: Uint8Array.of(0, 100) }]);
  const overUdp = decodeMessage(await exchangeUdp('127.0.0.1', port, query));
  expect(overUdp.edns?.options).toEqual([]);
});

test.each([
  ['no EDNS: 512', undefined, 512],
  ['a size below 512 counts as 512', 100, 512],
  ['the size that the client takes', 1000, 1000],
])('UDP replies are cut at %s, with TC and as many records as fit', async (_, udpSize, limit) => {
  const reply = await ask(await hostsServer(), 'many.example.org', 'A', udpSize ? { udpSize } : {});
  expect(reply.flags).toContain('tc');
  expect(reply.octets.length).toBeLessThanOrEqual(limit);
  expect(reply.octets.length).toBeGreaterThan(limit - 32);
});

test('what does not fit over UDP comes whole over TCP', async () => {
  const reply = await ask(await hostsServer(), 'many.example.org', 'A', { tcp: true });
  expect(reply.flags).not.toContain('tc');
  expect(reply.answer).toHaveLength(100);
});

test.each([
  ['www.example.com. A', 'a name of no server block'],
  ['www.example.org. TXT CH', 'a class that no plugin wants'],
])('%s is refused: %s', async (question) => {
  const query = encodeMessage(testMessage(question));
  const reply = decodeMessage(await exchangeUdp('127.0.0.1', await hostsServer(), query));
  expect(reply).toMatchObject({ rcode: 5, aa: false, answer: [], authority: [], additional: [] });
  expect(reply.questions).toHaveLength(1);
});

test.each(['', 'bind 127.0.0.1\nreload\n'])('a block without plugins that see queries refuses: %j', async (body) => {
  const { port } = await startServer(`example.org {\n${body}}\n`);
  expect((await ask(port, 'www.example.org', 'A')).rcode).toBe('REFUSED');
});

test('the end of a chain without an answer is SERVFAIL, and the error log says which plugin was the last', async () => {
  const { port, lines } = await startServer('. {\nerrors\nloadbalance\n}');
  expect((await ask(port, 'example.org', 'A')).rcode).toBe('SERVFAIL');
  expect(lines).toContain('[ERROR] plugin/errors: 2 example.org. A: plugin/loadbalance: no next plugin found');
});

test('without server blocks whoami answers', async () => {
  const { port } = await startServer('# nothing\n');
  const reply = await ask(port, 'example.org', 'A');
  expect(reply.message.additional[0]).toMatchObject({ data: { address: '127.0.0.1' } });
});

test('queries over one connection are answered in parallel: a slow one does not hold up the next', async () => {
  const upstream = await startUpstream();
  onTestFinished(() => upstream.close());
  const { port } = await startServer(`slow.org {
    forward . ${upstream.endpoint}
  }
  fast.org {
    hosts /dev/null {
      192.0.2.1 www.fast.org
    }
  }`);
  const socket = connect(port, '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  for (const name of ['www.slow.org', 'www.fast.org']) {
    const query = encode(questionPacket(name, 'A'));
    socket.write(Buffer.concat([Buffer.of(query.length >> 8, query.length & 255), query]));
  }
  const names: string[] = [];
  let received = Buffer.alloc(0);
  for await (const chunk of socket) {
    received = Buffer.concat([received, chunk]);
    while (received.length > 2 && received.length >= 2 + received.readUInt16BE(0)) {
      names.push(decodeMessage(received.subarray(2)).questions[0]!.name);
      received = received.subarray(2 + received.readUInt16BE(0));
    }
    if (names.length === 1) {
      const query = await upstream.query(0);
      query.reply(answerTo(query.message, ['www.slow.org. 60 A 192.0.2.2']));
    }
    if (names.length === 2) break;
  }
  expect(names).toEqual(['www.fast.org.', 'www.slow.org.']);
});

test('a block that asks other servers says so: RA is set on all of its replies', async () => {
  const { port } = await startServer(`. {
    hosts /dev/null {
      192.0.2.1 www.example.org
      fallthrough
    }
    forward . 127.0.0.1:1
  }`);
  expect((await ask(port, 'www.example.org', 'A')).flags).toEqual(['aa', 'rd', 'ra']);
});

test('the longest zone answers, and blocks with one port share a listener', async () => {
  const { server, port } = await startServer(`. {
    hosts /dev/null {
      192.0.2.1 a.example.org
    }
  }
  example.org {
    hosts /dev/null {
      192.0.2.2 a.example.org
    }
  }`);
  expect(server.listening).toHaveLength(1);
  expect((await ask(port, 'a.example.org', 'A')).answer).toEqual(['192.0.2.2']);
});

test('queries are answered on IPv6 too, where the machine has it', async () => {
  const port = await hostsServer();
  const reply = await ask(port, 'www.example.org', 'A', { address: '::1' }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'EADDRNOTAVAIL' || error.code === 'EAFNOSUPPORT') return undefined;
    throw error;
  });
  if (reply) expect(reply.answer).toEqual(['192.0.2.1']);
});

test('a port can be served for one address by one block and for all others by another', async () => {
  const free = await startServer('. {\nwhoami\n}');
  const { port } = free;
  await free.server.shutdown();
  await startServer(`example.org:${port} {
    bind 127.0.0.1
    hosts /dev/null {
      192.0.2.1 www.example.org
    }
  }
  example.com:${port} {
    hosts /dev/null {
      192.0.2.2 www.example.com
    }
  }`);
  for (const tcp of [false, true]) {
    expect((await ask(port, 'www.example.org', 'A', { tcp })).answer).toEqual(['192.0.2.1']);
    expect((await ask(port, 'www.example.com', 'A', { tcp })).rcode).toBe('REFUSED');
    const other = await ask(port, 'www.example.com', 'A', { tcp, address: '::1' }).catch(() => undefined);
    if (other) expect(other.answer).toEqual(['192.0.2.2']);
  }
});

test('what was answered twice is answered from the memo, and counted all the same', async () => {
  const { port, server } = await startServer(`. {
    prometheus 127.0.0.1:0
    hosts /dev/null {
      192.0.2.1 www.example.org
    }
  }`);
  for (let i = 0; i < 5; i++) expect((await ask(port, 'www.example.org', 'A')).answer).toEqual(['192.0.2.1']);
  const exposed = await server.metrics.expose();
  expect(exposed).toMatch(/^cairn_memo_hits_total\{server="dns:\/\/:0"\} 3$/m);
  expect(exposed).toMatch(/^cairn_memo_entries\{server="dns:\/\/:0"\} 1$/m);
  expect(exposed).toMatch(/^cairn_queries_in_flight\{server="dns:\/\/:0"\} 0$/m);
  expect(exposed).toMatch(/^coredns_dns_requests_total\{.*type="A"\} 5$/m);
});
