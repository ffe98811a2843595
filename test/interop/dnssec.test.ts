import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { folderWith } from '../support/folder.ts';
import { startServer } from '../support/server.ts';
import { canRun, run } from '../support/tools.ts';

const ZONE = `
$TTL 300
@          SOA   ns1 mail 7 7200 3600 86400 60
           NS    ns1
           CAA   0 issue "ca.example.net"
ns1        A     192.0.2.53
www        CNAME Web
web        A     192.0.2.80
           HTTPS 1 . alpn="h2,h3" ipv4hint=192.0.2.80
*.wild     TXT   "wild"
exact.wild A     192.0.2.1
wc         CNAME foo.wild
a.b.c      A     192.0.2.2
sub        NS    ns.sub
ns.sub     A     192.0.2.200
sub        DS    12345 13 2 1F987CC6583E92DF0890718C42A5A9D5D5B28D6D5C5A1AE1A6C8F9C6E4B3A1F0
ins        NS    ns.sub
moved      DNAME wild
`;

const canSign = canRun('dnssec-signzone', ['-V']) && canRun('delv', ['-v']);

/** Signs the zone as operators do: `signed` is its text, `anchor` what delv trusts. */
async function sign(): Promise<{ signed: string; anchor: string }> {
  const cwd = folderWith({ db: ZONE });
  let anchor = '';
  for (const flags of [['-f', 'KSK'], []]) {
    const { stdout } = await run('dnssec-keygen', ['-q', '-a', 'ECDSAP256SHA256', ...flags, 'example.org'], { cwd });
    const key = readFileSync(join(cwd, `${stdout.trim()}.key`), 'utf8');
    const [, fields, octets] = /DNSKEY (257 3 13) (.*)/.exec(key) ?? [];
    if (fields) anchor = `trust-anchors { "example.org" static-key ${fields} "${octets!.replaceAll(' ', '')}"; };`;
  }
  const { code } = await run('dnssec-signzone', ['-S', '-o', 'example.org', '-f', 'signed', 'db'], { cwd });
  expect(code).toBe(0);
  return { signed: readFileSync(join(cwd, 'signed'), 'utf8'), anchor };
}

let once: ReturnType<typeof sign> | undefined;

describe.runIf(canSign)('a zone that dnssec-signzone has signed', () => {
  test.each([
    ['web.example.org. A', 'fully validated'],
    ['web.example.org. HTTPS', 'fully validated'],
    ['WWW.example.org. A', 'fully validated'],
    ['foo.wild.example.org. TXT', 'fully validated'],
    ['wc.example.org. TXT', 'fully validated'],
    ['a.moved.example.org. TXT', 'fully validated'],
    ['sub.example.org. DS', 'fully validated'],
    ['example.org. DNSKEY', 'fully validated'],
    ['web.example.org. NSEC', 'fully validated'],
    ['nope.example.org. A', 'negative response, fully validated'],
    ['zzz.b.c.example.org. A', 'negative response, fully validated'],
    ['b.c.example.org. A', 'negative response, fully validated'],
    ['web.example.org. MX', 'negative response, fully validated'],
    ['foo.wild.example.org. A', 'negative response, fully validated'],
    ['exact.wild.example.org. TXT', 'negative response, fully validated'],
    ['ins.example.org. DS', 'negative response, fully validated'],
  ])('delv finds %s %s', async (question, verdict) => {
    once ??= sign();
    const { signed, anchor } = await once;
    const folder = folderWith({ signed, anchor });
    const { port } = await startServer(`example.org {\n bind 127.0.0.1\n file ${folder}/signed\n}`);
    const trust = ['-a', `${folder}/anchor`, '+root=example.org'];
    const { stdout, stderr } = await run('delv', ['@127.0.0.1', '-p', `${port}`, ...trust, ...question.split(' ')]);
    expect(stdout + stderr).toContain(`; ${verdict}`);
  });
});
