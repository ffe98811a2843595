import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { EdnsOption } from '../../src/dns/message.ts';
import { decodeMessage } from '../../src/dns/wire/decode.ts';
import { encodeMessage } from '../../src/dns/wire/encode.ts';
import { CERTIFICATE_POLL_MS } from '../../src/plugin/watched-credentials.ts';
import { ask } from '../support/ask.ts';
import { answersIn, dialHttp2, dialTls, fetchHttp1, questionOctets } from '../support/ask-encrypted.ts';
import { CA_CERT, CLIENT_CERT, KEY, NAMED_CERT, SERVER_CERT } from '../support/authority.ts';
import { certificate, otherCertificate } from '../support/certificate.ts';
import { type FakeClock, fakeClock } from '../support/clock.ts';
import { testMessage } from '../support/query.ts';
import { startServer, type TestServer } from '../support/server.ts';

const WWW = questionOctets('www.example.org', 'A');
const HOSTS = 'hosts /dev/null {\n192.0.2.1 www.example.org\n}';

/** A folder with the files of the test authority, gone when the test is over. */
async function certificates(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'tls-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const files = { 'ca.pem': CA_CERT, 'key.pem': KEY, 'cert.pem': SERVER_CERT };
  await Promise.all(Object.entries(files).map(([name, text]) => writeFile(join(folder, name), text)));
  return folder;
}

/** The ports of a server by transport. */
function portsOf({ server }: TestServer): Record<string, number> {
  return Object.fromEntries(server.listening.map(({ transport, port }) => [transport, port]));
}

interface Options {
  readonly clock?: FakeClock;
  readonly keys?: string;
}

async function startEncrypted(body: string, { keys = 'tls://. https://.', ...options }: Options = {}) {
  const running = await startServer(`${keys} {\n${body}\n${HOSTS}\n}\n`, options);
  return Object.assign(running, { ports: portsOf(running) });
}

/** The certificate that a new client is shown. */
async function shown(port: number): Promise<string> {
  const { socket } = await dialTls(port, { rejectUnauthorized: false });
  return socket.getPeerX509Certificate()!.toString();
}

test('one block serves UDP, TCP, TLS and HTTPS, over HTTP/2 and HTTP/1.1', async () => {
  const folder = await certificates();
  const { ports } = await startEncrypted(`tls ${folder}/cert.pem ${folder}/key.pem`, {
    keys: '. tls://. https://.',
  });
  expect((await ask(ports.dns!, 'www.example.org', 'A')).answer).toEqual(['192.0.2.1']);
  expect((await ask(ports.dns!, 'www.example.org', 'A', { tcp: true })).answer).toEqual(['192.0.2.1']);
  const client = await dialTls(ports.tls!);
  expect(answersIn(await client.ask(WWW))).toEqual(['192.0.2.1']);
  const http2 = await dialHttp2(ports.https!);
  const post = { ':method': 'POST', ':path': '/dns-query', 'content-type': 'application/dns-message' };
  expect(answersIn((await http2.fetch(post, WWW)).body)).toEqual(['192.0.2.1']);
  const path = `/dns-query?dns=${WWW.toString('base64url')}`;
  expect(answersIn((await http2.fetch({ ':path': path })).body)).toEqual(['192.0.2.1']);
  expect(answersIn((await fetchHttp1(ports.https!, { path })).body)).toEqual(['192.0.2.1']);
});

test('pipelined queries are answered out of order, padded ones with padding, and keepalive is told', async () => {
  const folder = await certificates();
  const { ports } = await startEncrypted(`tls ${folder}/cert.pem ${folder}/key.pem\ntimeouts {\nidle 42s\n}`);
  const { ask } = await dialTls(ports.tls!);
  const options = [
    { code: EdnsOption.TCP_KEEPALIVE, data: new Uint8Array(0) },
    { code: EdnsOption.PADDING, data: new Uint8Array(64) },
  ];
  const padded = encodeMessage(testMessage('www.example.org.', { edns: { options } }));
  const replies = await Promise.all([ask(padded), ask(WWW)]);
  expect(replies.map((reply) => reply.length)).toEqual([468, 49]);
  const { edns } = decodeMessage(replies[0]!);
  expect(edns?.options[0]).toEqual({ code: EdnsOption.TCP_KEEPALIVE, data: Uint8Array.of(1, 164) });
  expect(edns?.options[1]?.code).toBe(EdnsOption.PADDING);
  const http2 = await dialHttp2(ports.https!);
  const { body } = await http2.fetch({ ':path': '/dns-query', ':method': 'POST' }, padded);
  expect([body.length, decodeMessage(body).edns?.options.map(({ code }) => code)]).toEqual([468, [EdnsOption.PADDING]]);
});

test('TLS 1.2 and newer, with ALPN for who asks for it; sessions are resumed', async () => {
  const folder = await certificates();
  const { ports } = await startEncrypted(`tls ${folder}/cert.pem ${folder}/key.pem`);
  const first = await dialTls(ports.tls!, { ALPNProtocols: ['dot'], maxVersion: 'TLSv1.2' });
  expect([first.socket.alpnProtocol, first.socket.getProtocol()]).toEqual(['dot', 'TLSv1.2']);
  expect((await dialTls(ports.tls!)).socket.alpnProtocol).toBe(false);
  await expect(dialTls(ports.tls!, { ALPNProtocols: ['smtp'] })).rejects.toThrow(/alert/);
  await expect(dialTls(ports.tls!, { maxVersion: 'TLSv1.1', minVersion: 'TLSv1.1' })).rejects.toThrow();
  const again = await dialTls(ports.tls!, { session: first.socket.getSession()!, maxVersion: 'TLSv1.2' });
  expect(again.socket.isSessionReused()).toBe(true);
  expect(answersIn(await again.ask(WWW))).toEqual(['192.0.2.1']);
});

const CLIENTS = { nobody: {}, client: { cert: CLIENT_CERT, key: KEY }, stranger: otherCertificate };

test.each([
  ['nocert', 'nobody', true],
  ['request', 'nobody', true],
  ['request', 'stranger', true],
  ['require', 'nobody', false],
  ['require', 'stranger', true],
  ['verify_if_given', 'nobody', true],
  ['verify_if_given', 'client', true],
  ['verify_if_given', 'stranger', false],
  ['require_and_verify', 'nobody', false],
  ['require_and_verify', 'client', true],
  ['require_and_verify', 'stranger', false],
] as const)('client_auth %s: %s is served: %s', async (clientAuth, client, served) => {
  const folder = await certificates();
  const files = `${folder}/cert.pem ${folder}/key.pem ${folder}/ca.pem`;
  const { ports } = await startEncrypted(`tls ${files} {\nclient_auth ${clientAuth}\n}`);
  const asked = async () => answersIn(await (await dialTls(ports.tls!, CLIENTS[client])).ask(WWW));
  if (served) expect(await asked()).toEqual(['192.0.2.1']);
  else await expect(asked()).rejects.toThrow();
});

test('a renewed certificate is shown to new clients; a bad one is reported once and changes nothing', async () => {
  const folder = await certificates();
  const clock = fakeClock(Date.UTC(2026, 0, 1));
  const body = `tls ${folder}/cert.pem ${folder}/key.pem\ntimeouts {\nidle 1h\n}`;
  const running = await startEncrypted(body, { clock });
  const { ports, lines } = running;
  const client = await dialTls(ports.tls!);
  await client.ask(WWW);
  await writeFile(join(folder, 'cert.pem'), NAMED_CERT);
  clock.advance(CERTIFICATE_POLL_MS);
  await expect.poll(() => shown(ports.tls!)).toBe(NAMED_CERT);
  expect(await shown(ports.https!)).toBe(NAMED_CERT);
  expect(answersIn(await client.ask(WWW))).toEqual(['192.0.2.1']);

  await writeFile(join(folder, 'cert.pem'), certificate.cert);
  clock.advance(CERTIFICATE_POLL_MS);
  await expect.poll(() => lines.filter((line) => line.includes('certificate stays as it is')).length).toBe(1);
  await rm(join(folder, 'key.pem'));
  clock.advance(CERTIFICATE_POLL_MS);
  await expect.poll(() => lines.some((line) => line.includes('ENOENT'))).toBe(true);
  expect(await shown(ports.tls!)).toBe(NAMED_CERT);

  await writeFile(join(folder, 'key.pem'), certificate.key);
  clock.advance(CERTIFICATE_POLL_MS);
  await expect.poll(() => shown(ports.tls!)).toBe(`${certificate.cert.toString()}\n`);
  expect(lines.filter((line) => line.startsWith('[WARNING]'))).toEqual([
    expect.stringContaining(`certificate stays as it is: ${folder}/key.pem does not fit ${folder}/cert.pem: `),
    expect.stringContaining('ENOENT'),
  ]);
});

test('https bounds connections over HTTPS alone, and a reload changes the bound', async () => {
  const folder = await certificates();
  const text = (bound: string) =>
    `tls://. https://. {\ntls ${folder}/cert.pem ${folder}/key.pem\nhttps {\nmax_connections ${bound}\n}\n${HOSTS}\n}\n`;
  const running = await startServer(text('1'));
  const { tls, https } = portsOf(running);
  const get = { ':path': `/dns-query?dns=${WWW.toString('base64url')}` };
  const overTls = await dialTls(tls!);
  await dialTls(tls!);
  const connect = async () => {
    const client = await dialHttp2(https!);
    expect(answersIn((await client.fetch(get)).body)).toEqual(['192.0.2.1']);
    return client;
  };
  const first = await connect();
  await connect();
  await expect(first.fetch(get)).rejects.toThrow();
  expect(answersIn(await overTls.ask(WWW))).toEqual(['192.0.2.1']);

  running.rewrite(text('0'));
  await running.server.reload();
  const [third, fourth] = [await connect(), await connect()];
  for (const client of [third, fourth]) expect(answersIn((await client.fetch(get)).body)).toEqual(['192.0.2.1']);
});

test('a reload keeps connections and sessions, and changes certificates and time limits', async () => {
  const folder = await certificates();
  await writeFile(join(folder, 'other.pem'), NAMED_CERT);
  const clock = fakeClock();
  const block = (cert: string, idle: string) =>
    `tls://. {\ntls ${folder}/${cert} ${folder}/key.pem\ntimeouts {\nidle ${idle}\n}\n${HOSTS}\n}\n`;
  const running = await startServer(block('cert.pem', '10s'), { clock });
  const { server, port, rewrite } = running;
  const client = await dialTls(port, { maxVersion: 'TLSv1.2' });
  await client.ask(WWW);
  rewrite(`# the same\n${block('cert.pem', '60s')}`);
  expect(await server.reload()).toBe('reloaded');
  const again = await dialTls(port, { session: client.socket.getSession()!, maxVersion: 'TLSv1.2' });
  expect(again.socket.isSessionReused()).toBe(true);
  await client.ask(WWW);
  clock.advance(59_000);
  expect(answersIn(await client.ask(WWW))).toEqual(['192.0.2.1']);
  clock.advance(60_250);
  await client.ended;
  rewrite(block('other.pem', '60s'));
  expect(await server.reload()).toBe('reloaded');
  expect(await shown(port)).toBe(NAMED_CERT);
  rewrite(block('missing.pem', '60s'));
  expect(await server.reload()).toBe('failed');
  expect(running.lines.at(-1)).toMatch(/Restart failed: .*plugin\/tls: cannot use the TLS files: .*missing.pem/);
  expect(await shown(port)).toBe(NAMED_CERT);
});

test('metrics and the log name the listener, the protocol and the client', async () => {
  const folder = await certificates();
  const { ports, server, lines } = await startEncrypted(
    `tls ${folder}/cert.pem ${folder}/key.pem\nprometheus 127.0.0.1:0\nlog . "{proto} {remote}:{port} {name}"`,
  );
  const { ask, socket } = await dialTls(ports.tls!);
  await ask(WWW);
  const { fetch, session } = await dialHttp2(ports.https!);
  await fetch({ ':path': `/dns-query?dns=${WWW.toString('base64url')}` });
  await fetch({ ':path': '/elsewhere' });
  expect(lines).toContain(`[INFO] tcp 127.0.0.1:${socket.localPort} www.example.org.`);
  expect(lines).toContain(`[INFO] tcp 127.0.0.1:${session.socket.localPort} www.example.org.`);
  const metrics = await server.metrics.expose();
  for (const line of [
    'coredns_dns_requests_total{server="tls://:0",zone=".",view="",proto="tcp",family="1",type="A"} 1',
    'coredns_dns_requests_total{server="https://:0",zone=".",view="",proto="tcp",family="1",type="A"} 1',
    'coredns_dns_https_responses_total{server="https://:0",status="200"} 1',
    'coredns_dns_https_responses_total{server="https://:0",status="404"} 1',
    'cairn_tcp_connections{server="tls://:0"} 1',
  ]) {
    expect(metrics).toContain(line);
  }
});

test('without tls, https:// is HTTP in the clear, for a proxy in front', async () => {
  const { ports, lines } = await startEncrypted('', { keys: 'https://.' });
  expect(lines).toContain(
    "[INFO] https://:0 has no 'tls': it is HTTP in the clear, for a proxy that has the certificate",
  );
  const response = await fetch(`http://127.0.0.1:${ports.https}/dns-query?dns=${WWW.toString('base64url')}`);
  expect(answersIn(await response.bytes())).toEqual(['192.0.2.1']);
});

test('blocks that share no listener over TLS need not agree', async () => {
  const folder = await certificates();
  const block = (key: string, cert: string) => `${key} {\ntls ${folder}/${cert} ${folder}/key.pem\n${HOSTS}\n}\n`;
  await writeFile(join(folder, 'other.pem'), NAMED_CERT);
  const running = await startServer(`${block('. tls://.', 'cert.pem')}${block('b.org https://b.org', 'other.pem')}`);
  expect(await shown(portsOf(running).tls!)).toBe(SERVER_CERT);
  expect(await shown(portsOf(running).https!)).toBe(NAMED_CERT);
});

test.each([
  ['tls://. {\nwhoami\n}', "Corefile:1:1 - Error during parsing: 'tls://.' has no certificate: add 'tls CERT KEY'"],
  [
    'tls://. {\ntls a b\n}\ntls://b.org {\ntls a c\n}',
    "plugin/tls: 'tls a c nocert', but 'tls a b nocert' for the same",
  ],
  ['.:5300 {\nwhoami\n}\nhttps://.:5300 {\nwhoami\n}', "'https://.:5300' needs a port of its own"],
  [
    '. {\ntimeouts {\nread 5s\n}\n}\nb.org {\ntimeouts {\nread 6s\n}\n}',
    "plugin/timeouts: 'timeouts { read 6s }', but 'timeouts { read 5s }' for the same port at Corefile:2:1",
  ],
  [
    'https://. {\ntls a b\nhttps {\nmax_connections 1\n}\n}\nhttps://b.org {\ntls a b\nhttps {\nmax_connections 0\n}\n}',
    "plugin/https: 'https { max_connections 0 }', but 'https { max_connections 1 }' for the same port at Corefile:3:1",
  ],
])('%j is refused', async (text, message) => {
  await expect(startServer(text)).rejects.toThrow(message);
});
