import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { frame } from '../../src/net/stream/frames.ts';
import { acceptanceRows } from '../support/acceptance.ts';
import { questionOctets } from '../support/ask-encrypted.ts';
import { CA_CERT, CLIENT_CERT, KEY, SERVER_CERT } from '../support/authority.ts';
import { startServer } from '../support/server.ts';
import { canRun, run } from '../support/tools.ts';

const withKdig = canRun('kdig', ['-V']);
const withOpenssl = canRun('openssl', ['version']);
const CLUSTER = join(import.meta.dirname, '../acceptance/cluster.yaml');

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'encrypted-'));
  const files = { 'ca.pem': CA_CERT, 'key.pem': KEY, 'cert.pem': SERVER_CERT, 'client.pem': CLIENT_CERT };
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
});

afterAll(() => rm(folder, { recursive: true }));

/** The ports of TLS and HTTPS. */
async function start(clientAuth = 'nocert'): Promise<{ tls: string; https: string }> {
  const { server } = await startServer(`tls://. https://. {
    tls cert.pem key.pem ca.pem {
      client_auth ${clientAuth}
    }
    root ${folder}
    kubernetes cluster.local in-addr.arpa ip6.arpa {
      manifests ${CLUSTER}
      pods insecure
    }
  }`);
  const ports = Object.fromEntries(server.listening.map(({ transport, port }) => [transport, String(port)]));
  return { tls: ports.tls!, https: ports.https! };
}

const TRUST = ['+tls-hostname=dns.test'];

/** What kdig printed: the status, and the rdata of the answers. */
function readAnswer(stdout: string): { rcode: string | undefined; answers: string[] } {
  const records = stdout.split('\n').filter((line) => line !== '' && !line.startsWith(';'));
  return {
    rcode: /status: ([A-Z]+);/.exec(stdout)?.[1],
    answers: records.map((line) => line.split(/\s+/).slice(4).join(' ')).toSorted(),
  };
}

const ways = [
  ['tls', []],
  ['tls', ['+padding=128', '+dnssec']],
  ['https', []],
  ['https', ['+https-get']],
] as const;
const inCluster = acceptanceRows.filter(({ name }) => /\.(?:local|in-addr\.arpa)$/.test(name));
const rows = ways.flatMap(([way, more]) => inCluster.map((row) => ({ ...row, way, more })));

test.runIf(withKdig)('kdig gets the answers of the acceptance table over TLS and HTTPS, GET and POST', async () => {
  const ports = await start();
  for (const { name, type, rcode, answers, way, more, text } of rows) {
    const trust = [`+tls-ca=${folder}/ca.pem`, ...TRUST];
    const port = ['-p', ports[way]];
    const args = [
      '@127.0.0.1',
      ...port,
      `+${way}`,
      ...trust,
      ...more,
      '+retry=0',
      '+noauthority',
      '+noadditional',
      `${name}.`,
      type,
    ];
    const { stdout, stderr } = await run('kdig', args);
    expect(stderr, text).toBe('');
    expect(readAnswer(stdout), `${way} ${more}: ${text}`).toEqual({ rcode, answers });
  }
});

test.runIf(withKdig)('kdig with a certificate of its own is let in, without one it is not', async () => {
  const ports = await start('require_and_verify');
  const ask = (more: string[]) => {
    const args = ['@127.0.0.1', '-p', ports.tls, '+tls', `+tls-ca=${folder}/ca.pem`, ...TRUST, ...more];
    return run('kdig', [...args, '+retry=0', '+timeout=2', 'kubernetes.default.svc.cluster.local.', 'A']);
  };
  const known = await ask([`+tls-certfile=${folder}/client.pem`, `+tls-keyfile=${folder}/key.pem`]);
  expect(readAnswer(known.stdout)).toEqual({ rcode: 'NOERROR', answers: ['10.96.0.1'] });
  expect((await ask([])).stdout).not.toContain('status:');
});

/** What `openssl s_client` prints until it has a reply: behind the tickets for a session to resume. */
async function openssl(args: readonly string[]): Promise<string> {
  const client = spawn('openssl', ['s_client', ...args], { stdio: ['pipe', 'pipe', 'ignore'] });
  const query = frame(questionOctets('kubernetes.default.svc.cluster.local', 'A'));
  let printed = '';
  const steps: [string, Buffer | string][] = [
    ['Verify return code', query],
    ['kubernetes', 'Q\n'],
  ];
  client.stdout.on('data', (chunk) => {
    printed += chunk.toString('latin1');
    const [marker, text] = steps[0] ?? [];
    if (marker === undefined || !printed.includes(marker)) return;
    steps.shift();
    client.stdin.write(text!);
  });
  await once(client, 'close');
  return printed;
}

test.runIf(withOpenssl).each([
  ['-tls1_2', 'TLSv1.2'],
  ['-tls1_3', 'TLSv1.3'],
])('openssl s_client %s: the chain is verified, ALPN agreed on, and the session resumed', async (flag, version) => {
  const ports = await start();
  const connect = ['-connect', `127.0.0.1:${ports.tls}`, flag, '-CAfile', `${folder}/ca.pem`, '-alpn', 'dot'];
  const session = `${folder}/${version}.pem`;
  const first = await openssl([...connect, '-verify_return_error', '-sess_out', session]);
  expect(first).toContain(`New, ${version}`);
  expect(first).toContain('ALPN protocol: dot');
  expect(first).toContain('Verify return code: 0 (ok)');
  expect(await openssl([...connect, '-sess_in', session])).toContain(`Reused, ${version}`);
});

test.runIf(withOpenssl)('openssl s_client: older versions of TLS are turned away', async () => {
  const ports = await start();
  const args = ['s_client', '-connect', `127.0.0.1:${ports.tls}`, '-tls1_1', '-cipher', 'ALL:@SECLEVEL=0'];
  const { stdout, stderr } = await run('openssl', args);
  expect(stdout + stderr).toMatch(/alert protocol version/);
});
