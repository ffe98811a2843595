import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TlsOptions } from 'node:tls';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { CA_CERT, CLIENT_CERT, KEY, NAMED_CERT, SERVER_CERT } from '../../../test/support/authority.ts';
import { certificate } from '../../../test/support/certificate.ts';
import { directives } from '../../../test/support/directive.ts';
import { type TestEnv, testEnv } from '../../../test/support/env.ts';
import { type HttpsReceived, startHttpsUpstream } from '../../../test/support/https-upstream.ts';
import { parseContext, startPlugin, warningsOf } from '../../../test/support/plugin.ts';
import { printReply, testQuery } from '../../../test/support/query.ts';
import { settle } from '../../../test/support/scenario/time.ts';
import { answering, answerTo, type ScriptedUpstream, startUpstream } from '../../../test/support/upstream.ts';
import type { Plugin } from '../../plugin/plugin.ts';
import forward from './index.ts';
import { CERTIFICATE_POLL_MS } from './tls-files.ts';

const RECORD = 'example.org. 60 IN A 192.0.2.1';
const ANSWER = `NOERROR ra\n${RECORD}`;

const cleanups: (() => unknown)[] = [];
let env: TestEnv;
let folder: string;
let plugin: Plugin;
let asked: (question?: string) => Promise<string>;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'forward-'));
  cleanups.push(() => rm(folder, { recursive: true }));
  const files = { 'ca.pem': CA_CERT, 'cert.pem': CLIENT_CERT, 'key.pem': KEY, 'other-ca.pem': certificate.cert };
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  env = testEnv({ name: 'forward', root: folder });
});

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  expect(env.clock.timers).toBe(0);
});

async function start(to: string, options = 'tls ca.pem'): Promise<void> {
  const text = `forward . ${to} {\nmax_fails 0\nmax_connect_attempts 1\n${options}\n}`;
  plugin = forward.create(forward.parse(directives(text), parseContext()), env);
  env.offers.complete();
  await startPlugin(plugin);
  cleanups.push(() => plugin.stop!());
  const handle = plugin.wrap!(() => {
    throw new Error('all is forwarded');
  });
  asked = async (question = 'example.org. A') => {
    const reply = await handle(testQuery(question));
    return reply.error ? reply.error.message : printReply(reply);
  };
}

async function tlsUpstream(options: TlsOptions = {}): Promise<ScriptedUpstream> {
  const server = await startUpstream(answering([RECORD]), { cert: SERVER_CERT, key: KEY, ...options });
  cleanups.push(server.close);
  return server;
}

async function httpsUpstream(script: (query: HttpsReceived) => void = answer) {
  const server = await startHttpsUpstream(script);
  cleanups.push(server.close);
  return server;
}

const answer = ({ message, reply }: HttpsReceived) => reply(answerTo(message, [RECORD]));

describe('tls://', () => {
  test('queries follow one another over one connection', async () => {
    const server = await tlsUpstream();
    const { endpoint } = server;
    await start(`tls://${endpoint}`);
    expect([await asked(), await asked('example.org. AAAA')]).toEqual([ANSWER, ANSWER]);
    expect([server.received.length, server.connections]).toEqual([2, 1]);
    expect(await env.exposed('coredns_proxy_conn_cache')).toEqual([
      `coredns_proxy_conn_cache_hits_total{proxy_name="forward",to="${endpoint}",proto="tcp-tls"} 1`,
      `coredns_proxy_conn_cache_misses_total{proxy_name="forward",to="${endpoint}",proto="tcp-tls"} 1`,
    ]);
  });

  test('an unused connection is closed when it expires', async () => {
    const server = await tlsUpstream();
    await start(`tls://${server.endpoint}`);
    await asked();
    env.clock.advance(10_000);
    await asked();
    expect(server.connections).toBe(2);
  });

  const notFor = (name: string) =>
    `Hostname/IP does not match certificate's altnames: Host: ${name}. is not in the cert's altnames: DNS:dns.test`;

  test.each([
    ['its address', SERVER_CERT, '', 'tls ca.pem', ANSWER],
    ['no address', NAMED_CERT, '', 'tls ca.pem', "altnames: IP: 127.0.0.1 is not in the cert's list"],
    ['the name of tls_servername', NAMED_CERT, '', 'tls ca.pem\ntls_servername dns.test', ANSWER],
    ['another name than tls_servername', NAMED_CERT, '', 'tls ca.pem\ntls_servername a.test', notFor('a.test')],
    ['the name behind the address', NAMED_CERT, '%dns.test', 'tls ca.pem', ANSWER],
    ['another name than that', NAMED_CERT, '%a.test', 'tls ca.pem', notFor('a.test')],
    [
      'its address, from another authority',
      SERVER_CERT,
      '',
      'tls other-ca.pem',
      'unable to verify the first certificate',
    ],
    ['its address, from no well-known authority', SERVER_CERT, '', 'tls', 'unable to verify the first certificate'],
  ])('a certificate for %s', async (_, cert, servername, options, expected) => {
    const { port } = await tlsUpstream({ cert });
    await start(`tls://127.0.0.1${servername}:${port}`, options);
    const outcome = await asked();
    expect(outcome).toContain(expected);
    expect(outcome).not.toContain('Node.js');
  });

  test.each([
    ['tls cert.pem key.pem ca.pem', ANSWER],
    ['tls ca.pem', `tls: tlsv13 alert certificate required`],
  ])('an upstream that asks for a certificate, with "%s"', async (options, expected) => {
    const { endpoint } = await tlsUpstream({ requestCert: true, ca: CA_CERT });
    await start(`tls://${endpoint}`, options);
    expect(await asked()).toContain(expected);
  });

  test('certificates are followed, and one that is broken changes nothing', async () => {
    const { endpoint } = await tlsUpstream();
    await start(`tls://${endpoint}`, 'tls ca.pem\nexpire 1s');
    const rewrite = async (text: string | Buffer) => {
      await writeFile(join(folder, 'ca.pem'), text);
      env.clock.advance(CERTIFICATE_POLL_MS);
      await settle();
    };
    await rewrite('-----BEGIN CERTIFICATE-----\nbroken\n-----END CERTIFICATE-----\n');
    expect(env.lines.join()).toMatch(/WARNING.*certificates stay as they are: /);
    expect(await asked()).toBe(ANSWER);
    await rewrite(certificate.cert);
    expect(await asked()).toContain('unable to verify the first certificate');
  });

  test('a host name, whose name the certificate must bear', async () => {
    const { port } = await tlsUpstream({ cert: NAMED_CERT });
    await writeFile(join(folder, 'localhost'), 'nameserver 192.0.2.1\n'); // no host is a file here
    await start(`tls://localhost:${port}`);
    expect(await asked()).toMatch(notFor('localhost'));
    await plugin.stop!();
    env = testEnv({ name: 'forward', root: folder });
    await start(`tls://localhost:${port}`, 'tls ca.pem\ntls_servername dns.test');
    expect(await asked()).toBe(ANSWER);
  });
});

test.each([
  ['tls missing.pem', /^Corefile:4:1 - .*cannot use the TLS files: ENOENT.*missing\.pem/],
  ['tls key.pem ca.pem', /^Corefile:4:1 - .*cannot use the TLS files: /],
])('%s is an error at the start', async (options, message) => {
  await expect(start('tls://127.0.0.1', options)).rejects.toThrow(message);
});

test('TLS options for plain upstreams get a warning', () => {
  expect(warningsOf(forward, 'forward . 127.0.0.1 {\ntls_servername dns.test\n}')).toEqual([
    'Corefile:1:1 - no upstream has tls:// or https://, so TLS is not used',
  ]);
});

describe('https://', () => {
  test('a query is posted, with id 0', async () => {
    const { endpoint, received } = await httpsUpstream();
    await start(`https://${endpoint}`);
    expect(await asked()).toBe(ANSWER);
    const { headers, message } = received[0]!;
    expect(headers).toMatchObject({
      ':method': 'POST',
      ':path': '/dns-query',
      ':authority': endpoint,
      'content-type': 'application/dns-message',
      accept: 'application/dns-message',
    });
    expect(message).toMatchObject({ id: 0, questions: [{ name: 'example.org.' }] });
  });

  test('doh_method GET puts the query into the path', async () => {
    const { endpoint, received } = await httpsUpstream();
    await start(`https://${endpoint}`, 'tls ca.pem\ndoh_method GET');
    expect(await asked()).toBe(ANSWER);
    expect(received[0]!.headers).toMatchObject({
      ':method': 'GET',
      ':path': '/dns-query?dns=AAABAAABAAAAAAAAB2V4YW1wbGUDb3JnAAABAAE',
    });
  });

  test('the name of the server is whom requests are for', async () => {
    const { port, received } = await httpsUpstream();
    await start(`https://127.0.0.1%dns.test:${port}`);
    expect(await asked()).toBe(ANSWER);
    expect(received[0]!.headers[':authority']).toBe(`dns.test:${port}`);
  });

  test('queries share a connection, and replies come in any order', async () => {
    const held: HttpsReceived[] = [];
    const server = await httpsUpstream((query) => {
      held.push(query);
      if (held.length < 20) return;
      for (const { message, reply } of held.splice(0).reverse()) {
        reply(answerTo(message, [`${message.questions[0]!.name} 60 IN A 192.0.2.1`]));
      }
    });
    await start(`https://${server.endpoint}`);
    const names = Array.from({ length: 20 }, (_, i) => `n${i}.example.`);
    const replies = await Promise.all(names.map((name) => asked(`${name} A`)));
    expect(replies).toEqual(names.map((name) => `NOERROR ra\n${name} 60 IN A 192.0.2.1`));
    expect(server.connections).toBe(1);
    expect(await env.exposed('coredns_proxy_conn_cache_hits')).toEqual([
      `coredns_proxy_conn_cache_hits_total{proxy_name="forward",to="${server.endpoint}",proto="https"} 19`,
    ]);
  });

  test('a connection that the server says goodbye on is replaced', async () => {
    const server = await httpsUpstream();
    await start(`https://${server.endpoint}`);
    await asked();
    server.received[0]!.session.goaway();
    await settle();
    expect(await asked()).toBe(ANSWER);
    expect(server.connections).toBe(2);
  });

  test('after GOAWAY, queries in flight are finished, and new ones use another connection', async () => {
    const held = Promise.withResolvers<HttpsReceived>();
    const server = await httpsUpstream(held.resolve);
    await start(`https://${server.endpoint}`);
    const first = asked();
    const query = await held.promise;
    server.on(answer);
    query.session.goaway();
    await settle();
    expect(await asked()).toBe(ANSWER);
    answer(query);
    expect(await first).toBe(ANSWER);
    expect(server.connections).toBe(2);
  });

  test('a connection that is cut under a query is replaced in silence, if it has served before', async () => {
    const server = await httpsUpstream();
    await start(`https://${server.endpoint}`);
    await asked();
    server.on((query) => {
      if (server.connections === 1) query.session.destroy();
      else answer(query);
    });
    expect(await asked()).toBe(ANSWER);
    expect(server.connections).toBe(2);
  });

  test('a status other than 200 leaves the connection alone', async () => {
    const server = await httpsUpstream(({ reply }) => reply(Buffer.from('no'), { ':status': 503 }));
    await start(`https://${server.endpoint}`);
    expect(await asked()).toBe(`https://${server.endpoint}/dns-query: status 503`);
    server.on(answer);
    expect(await asked()).toBe(ANSWER);
    expect(server.connections).toBe(1);
  });

  test('probes go the same way', async () => {
    const server = await httpsUpstream(({ reply }) => reply(Buffer.from('no'), { ':status': 503 }));
    const text = `forward . https://${server.endpoint} {\nmax_connect_attempts 1\ntls ca.pem\n}`;
    plugin = forward.create(forward.parse(directives(text), parseContext()), env);
    env.offers.complete();
    await startPlugin(plugin);
    const probed = new Promise((arrived) => {
      server.on((query) => {
        if (query.message.questions[0]!.name === '.') arrived(undefined);
        query.reply(Buffer.from('no'), { ':status': 503 });
      });
    });
    await plugin.wrap!(() => Promise.reject())(testQuery('example.org. A'));
    await probed;
    plugin.stop!();
  });
});
