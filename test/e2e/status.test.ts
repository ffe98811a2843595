import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import type { ServerStatus } from '../../src/admin/protocol/index.ts';
import { ask } from '../support/ask.ts';
import { folderWith } from '../support/folder.ts';
import { PATIENT } from '../support/patience.ts';
import { startServer } from '../support/server.ts';
import { run } from '../support/tools.ts';
import { answering, refusedPort, startUpstream } from '../support/upstream.ts';

const MAIN = resolve(import.meta.dirname, '../../src/cli/main.ts');

const SERVICE = `
apiVersion: v1
kind: Service
metadata: { name: web, namespace: shop }
spec: { clusterIP: 10.0.0.1, ports: [{ port: 80 }] }
`;

test('the state of a running server is told over HTTP and by the command, as things break and are mended', async () => {
  const [admin, dead] = [await refusedPort(), await refusedPort()];
  const folder = folderWith({ 'shop.yaml': SERVICE });
  const running = await startServer(`
    . {
      admin 127.0.0.1:${admin}
      forward . 127.0.0.1:${dead}
    }
    cluster.local {
      kubernetes {
        manifests ${folder}
      }
    }`);
  const fetched = async () => {
    const response = await fetch(`http://127.0.0.1:${admin}/v1/status`);
    expect(response.headers.get('content-type')).toMatch(/^application\/json/);
    return (await response.json()) as ServerStatus;
  };
  const cairn = (...flags: string[]) =>
    run(process.execPath, [MAIN, 'status', '--admin', `127.0.0.1:${admin}`, ...flags]);
  const statesOf = ({ state, blocks }: ServerStatus) => [
    state,
    ...blocks.flatMap(({ plugins }) => plugins.map(({ name, state }) => `${name} ${state}`)),
  ];

  expect(statesOf(await fetched())).toEqual(['ok', 'admin ok', 'forward ok', 'kubernetes ok']);
  const well = await cairn();
  expect(well.code).toBe(0);
  expect(well.stdout).toMatch(/^OK {2}Cairn \d.*\n[\s\S]*\n {2}forward {2}No query was forwarded yet\.\n/);

  for (let i = 0; i < 2; i++) await ask(running.port, `name${i}.example`, 'A');
  writeFileSync(join(folder, 'shop.yaml'), SERVICE.replace('10.0.0.1', 'nothing'));
  await vi.waitFor(
    async () =>
      expect(statesOf(await fetched())).toEqual(['failing', 'admin ok', 'forward failing', 'kubernetes degraded']),
    PATIENT,
  );
  const ill = await cairn();
  expect(ill.code).toBe(1);
  expect(ill.stdout).toMatch(
    /^FAILING {2}Cairn [\s\S]*\n\nfailing {3}forward in \. on [\s\S]*refused[\s\S]*\n\ndegraded {2}kubernetes in cluster\.local\.[\s\S]*shop\.yaml:5:/,
  );
  expect(JSON.parse((await cairn('--json')).stdout)).toMatchObject({ state: 'failing', listeners: [{ inFlight: 0 }] });

  const upstream = await startUpstream(answering(), undefined, { address: '127.0.0.1', port: dead });
  onTestFinished(() => upstream.close());
  writeFileSync(join(folder, 'shop.yaml'), SERVICE);
  await vi.waitFor(async () => expect((await fetched()).state).toBe('ok'), PATIENT);

  running.rewrite('. {');
  await running.server.reload();
  expect((await cairn()).stdout).toMatch(/^DEGRADED [\s\S]*\ndegraded {2}the Corefile\n {10}The last reload failed/);
});

test('the address may be that of the page, and a token may be in a file', async () => {
  const admin = await refusedPort();
  const files = folderWith({ token: `${'t'.repeat(16)}\n`, wrong: `${'w'.repeat(16)}\n` });
  await startServer(`
    . {
      admin 127.0.0.1:${admin} {
        token ${files}/token
      }
      whoami
    }`);
  const status = (file: string) =>
    run(process.execPath, [MAIN, 'status', '--admin', `http://127.0.0.1:${admin}/`, '--token-file', join(files, file)]);
  expect(await status('token')).toMatchObject({ code: 0, stdout: expect.stringMatching(/^OK /) });
  expect(await status('wrong')).toMatchObject({ code: 1, stderr: expect.stringMatching(/token/) });
  expect(await status('none')).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^cannot read the token: .*no such file .*none/),
  });
});

test.each(['localhost', 'localhost:http', 'https://localhost:9154', 'http://localhost:9154/v1/status'])(
  '--admin %s is a usage error',
  async (address) => {
    const { code, stdout, stderr } = await run(process.execPath, [MAIN, 'status', '--admin', address]);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/^cairn status: --admin cannot be ".*"\n {2}it is HOST:PORT, .*localhost:9154/);
  },
);

test('a server that cannot be asked is an error that says what to do', async () => {
  const port = await refusedPort();
  const { code, stderr } = await run(process.execPath, [MAIN, 'status', '--admin', `127.0.0.1:${port}`]);
  expect(code).toBe(1);
  expect(stderr).toMatch(/^no admin interface at 127\.0\.0\.1:\d+ .*: add 'admin' to a server block of its Corefile/);
});
