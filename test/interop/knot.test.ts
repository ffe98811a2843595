import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { ask } from '../support/ask.ts';
import { folderWith } from '../support/folder.ts';
import { startServer } from '../support/server.ts';
import { canRun } from '../support/tools.ts';
import { refusedPort } from '../support/upstream.ts';

const ZONES = ['cluster.local', '10.in-addr.arpa'];

const service = (ip: string) =>
  `{apiVersion: v1, kind: Service, metadata: {namespace: shop, name: web}, spec: {clusterIP: ${ip}, ports: [{name: http, port: 80}]}}\n`;

/** Knot DNS with a configuration, beside what is always the same. */
async function startKnot(folder: string, port: number, other: number, rest: readonly string[]): Promise<ChildProcess> {
  const configuration = [
    ...['server:', `    listen: 127.0.0.1@${port}`, `    rundir: ${folder}`],
    ...['log:', '  - target: stdout', '    any: info'],
    ...['database:', `    storage: ${folder}`],
    ...['remote:', '  - id: cairn', `    address: 127.0.0.1@${other}`],
    ...rest,
  ].join('\n');
  writeFileSync(join(folder, 'knot.conf'), configuration);
  const knot = spawn('knotd', ['-c', join(folder, 'knot.conf')], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(async () => {
    const exited = once(knot, 'exit');
    if (knot.kill()) await exited;
  });
  for await (const chunk of knot.stdout) if (String(chunk).includes('server started')) break;
  knot.stdout.resume();
  return knot;
}

/** Asks until the answer is the one that is waited for: another process takes its time. */
async function expectAnswer(port: number, name: string, type: string, expected: readonly string[]): Promise<void> {
  await expect.poll(async () => (await ask(port, name, type)).answer).toEqual(expected);
}

test.runIf(canRun('knotd', ['-V']))(
  'a secondary server has the zones, and every change after it was told of it',
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'cairn-knot-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const manifest = join(folder, 'web.yaml');
    writeFileSync(manifest, service('10.0.0.1'));
    const knotPort = await refusedPort();
    const { port } = await startServer(`. {
      bind 127.0.0.1
      transfer {
        to 127.0.0.1:${knotPort}
      }
      kubernetes ${ZONES.join(' ')} {
        manifests ${manifest}
      }
    }`);
    await startKnot(folder, knotPort, port, [
      ...['acl:', '  - id: cairn', '    address: 127.0.0.1', '    action: notify'],
      ...['zone:', ...ZONES.flatMap((zone) => [`  - domain: ${zone}`, '    master: cairn', '    acl: cairn'])],
    ]);
    await expectAnswer(knotPort, 'web.shop.svc.cluster.local', 'A', ['10.0.0.1']);
    await expectAnswer(knotPort, '_http._tcp.web.shop.svc.cluster.local', 'SRV', [
      '0 100 80 web.shop.svc.cluster.local.',
    ]);
    await expectAnswer(knotPort, '1.0.0.10.in-addr.arpa', 'PTR', ['web.shop.svc.cluster.local.']);
    writeFileSync(manifest, service('10.0.0.2'));
    await expectAnswer(knotPort, 'web.shop.svc.cluster.local', 'A', ['10.0.0.2']);
    await expectAnswer(knotPort, '2.0.0.10.in-addr.arpa', 'PTR', ['web.shop.svc.cluster.local.']);
    await expectAnswer(knotPort, '1.0.0.10.in-addr.arpa', 'PTR', []);
    for (const zone of ZONES) {
      expect((await ask(knotPort, zone, 'SOA')).answer).toEqual((await ask(port, zone, 'SOA')).answer);
    }
  },
);

test.runIf(canRun('knotd', ['-V']))(
  'a copy of a zone follows its primary server by differences, when that says that something has changed',
  async () => {
    const folder = folderWith({ zone: zoneFile(1, '192.0.2.1') });
    const knotPort = await refusedPort();
    const { port, lines, server } = await startServer(
      `example.org {\n bind 127.0.0.1\n secondary {\n transfer from 127.0.0.1:${knotPort}\n}\n}`,
    );
    const knot = await startKnot(folder, knotPort, port, [
      ...['acl:', '  - id: cairn', '    address: 127.0.0.1', '    action: transfer'],
      ...['zone:', '  - domain: example.org', `    file: ${folder}/zone`, '    zonefile-load: difference'],
      ...['    journal-content: all', '    notify: cairn', '    acl: cairn'],
    ]);
    await expectAnswer(port, 'www.example.org', 'A', ['192.0.2.1']);
    for (const serial of [2, 3]) {
      writeFileSync(join(folder, 'zone'), zoneFile(serial, `192.0.2.${serial}`));
      knot.kill('SIGHUP');
      await expectAnswer(port, 'www.example.org', 'A', [`192.0.2.${serial}`]);
      await expectAnswer(port, `host${serial}.example.org`, 'A', ['192.0.2.9']);
      await expectAnswer(port, `host${serial - 1}.example.org`, 'A', []);
    }
    expect((await ask(port, 'mail.example.org', 'A')).answer).toEqual(['192.0.2.8']);
    expect(lines.filter((line) => line.includes('IXFR failed'))).toEqual([]);
    const results = (await server.metrics.expose()).match(/cairn_secondary_refreshes_total.* [1-9]\d*/g);
    expect(results).toContain('cairn_secondary_refreshes_total{zone="example.org.",result="updated"} 2');
  },
);

function zoneFile(serial: number, address: string): string {
  return `$TTL 60
@ SOA ns1 host ${serial} 3600 60 86400 60
@ NS ns1
ns1 A 192.0.2.53
mail A 192.0.2.8
www A ${address}
host${serial} A 192.0.2.9
`;
}
