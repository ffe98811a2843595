import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { ask } from '../support/ask.ts';
import { startServer } from '../support/server.ts';
import { canRun } from '../support/tools.ts';
import { refusedPort } from '../support/upstream.ts';

const ZONES = ['cluster.local', '10.in-addr.arpa'];

const service = (ip: string) =>
  `{apiVersion: v1, kind: Service, metadata: {namespace: shop, name: web}, spec: {clusterIP: ${ip}, ports: [{name: http, port: 80}]}}\n`;

/** Knot DNS as a secondary server of the zones. */
async function startKnot(folder: string, port: number, primary: number): Promise<void> {
  const configuration = [
    ['server:', `    listen: 127.0.0.1@${port}`, `    rundir: ${folder}`],
    ['log:', '  - target: stdout', '    any: info'],
    ['database:', `    storage: ${folder}`],
    ['remote:', '  - id: cairn', `    address: 127.0.0.1@${primary}`],
    ['acl:', '  - id: cairn', '    address: 127.0.0.1', '    action: notify'],
    ['zone:'],
    ...ZONES.map((zone) => [`  - domain: ${zone}`, `    storage: ${folder}`, '    master: cairn', '    acl: cairn']),
  ]
    .flat()
    .join('\n');
  writeFileSync(join(folder, 'knot.conf'), configuration);
  const knot = spawn('knotd', ['-c', join(folder, 'knot.conf')], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(async () => {
    const exited = once(knot, 'exit');
    if (knot.kill()) await exited;
  });
  for await (const chunk of knot.stdout) if (String(chunk).includes('server started')) break;
  knot.stdout.resume();
}

/** Asks until the answer is the one that is waited for: another process takes its time. */
async function expectAnswer(port: number, name: string, type: string, expected: readonly string[]): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const { answer } = await ask(port, name, type);
    if (answer.join() === expected.join()) return;
    await setTimeout(100);
  }
  expect((await ask(port, name, type)).answer).toEqual(expected);
}

test.runIf(canRun('knotd', ['-V']))(
  'a secondary server has the zones, and every change after it was told of it',
  { timeout: 40_000 },
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
    await startKnot(folder, knotPort, port);
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
