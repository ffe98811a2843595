import { join, resolve } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import type { Explanation } from '../../src/admin/protocol/index.ts';
import { loadMachinery } from '../../src/net/native/batched-udp.ts';
import { startWithAdmin } from '../support/admin.ts';
import { ask } from '../support/ask.ts';
import { folderWith } from '../support/folder.ts';
import { PATIENT } from '../support/patience.ts';
import { run } from '../support/tools.ts';
import { answering, startUpstream } from '../support/upstream.ts';

const MAIN = join(resolve(import.meta.dirname, '../..'), 'src/cli/main.ts');

const MANIFESTS = `
apiVersion: v1
kind: Pod
metadata: {name: client, namespace: shop}
status: {phase: Running, podIP: 10.244.0.7}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {clusterIP: 10.96.0.7, ports: [{name: http, port: 80}]}
`;

async function started(more = '') {
  const upstream = await startUpstream(answering(['www.example.org. 300 A 192.0.2.1']));
  onTestFinished(() => upstream.close());
  const folder = folderWith({ 'objects.yaml': MANIFESTS });
  const server = await startWithAdmin(`
    ${more}
    kubernetes cluster.local {
      manifests ${folder}
      pods verified
    }
    cache
    forward . ${upstream.endpoint}`);
  const cairn = (...args: string[]) =>
    run(process.execPath, [MAIN, ...args, '--admin', server.socket], { cwd: folder });
  return { server, upstream, cairn, www: async () => (await ask(server.port, 'www.example.org', 'A')).answer[0] };
}

test('the interface explains a name, and says what is wrong with a question', async () => {
  const { server } = await started();
  const { status, json } = await server.get('/v1/explain?name=web&type=srv&client=10.244.0.7&protocol=tcp');
  expect(status).toBe(200);
  const { candidates, ...asked } = json as Explanation;
  expect(asked).toEqual({ name: 'web', type: 'SRV', client: '10.244.0.7', namespace: 'shop' });
  expect(candidates.map(({ plugin, answer }) => [plugin, answer])).toEqual([
    ['kubernetes', ['web.shop.svc.cluster.local.\t5\tIN\tSRV\t0 100 80 web.shop.svc.cluster.local.']],
  ]);
});

test.each([
  ['/v1/explain', /^name is missing: add name=NAME/],
  ['/v1/explain?name=a..b', /^"a\.\.b" has an empty label: a name is such as www\.example\.org$/],
  ['/v1/explain?name=a&type=B', /^type cannot be "B": it is a record type such as A/],
  ['/v1/explain?name=a&client=b', /^client cannot be "b": it is an IP address$/],
  ['/v1/explain?name=a&protocol=tls', /^protocol cannot be "tls": it is udp or tcp$/],
  [
    '/v1/explain?name=a&clint=b',
    /^there is no "clint" here: expecting one of name, type, client, protocol; did you mean client\?$/,
  ],
  ['/v1/cache', /^name is missing/],
  ['/v1/cache?name=a&type=B', /^type cannot be "B"/],
  ['/v1/cache/flush []', /must be a JSON object/],
  ['/v1/cache/flush {"nam":"a"}', /'nam'/],
  ['/v1/cache/flush {"name":1}', /^'name' must be a text: send \{"name": NAME\}/],
  ['/v1/cache/flush {"name":"a..b"}', /^"a\.\.b" has an empty label/],
  ['/v1/cache/flush {"subtree":true}', /^'subtree' needs a name/],
  ['/v1/cache/flush {"name":"a","subtree":1}', /^'subtree' must be true or false/],
])('%s is refused', async (request, error) => {
  const { server } = await started();
  const [path, body] = request.split(' ') as [string, string | undefined];
  const isFlush = path.endsWith('flush');
  const { status, json } = isFlush ? await server.post(path, JSON.parse(body!)) : await server.get(path);
  expect(status).toBe(400);
  expect(json).toEqual({ error: expect.stringMatching(error) });
});

test.each([
  ['one thread', '', true],
  ['worker threads', 'multisocket 2', await loadMachinery()],
])('after a flush nobody gets what was there before: %s', async (_, more, isSupported) => {
  if (!isSupported) return;
  const { server, upstream, www } = await started(more);
  // Enough that the memo and the workers have it, too.
  for (let i = 0; i < 40; i++) expect(await www()).toBe('192.0.2.1');
  upstream.on(answering(['www.example.org. 300 A 192.0.2.2']));
  expect(await www()).toBe('192.0.2.1');
  const flushed = await server.post('/v1/cache/flush', { name: 'example.org', subtree: true });
  expect(flushed.json).toEqual({ flushed: 1 });
  for (let i = 0; i < 40; i++) expect(await www()).toBe('192.0.2.2');
  expect(server.lines.join('\n')).toMatch(/cache\/flush.*unix socket|unix socket.*cache\/flush/);
});

test('the command prints the result and why, then the way', async () => {
  const { cairn } = await started();
  const { stdout, code } = await cairn('explain', 'web', '--client', '10.244.0.7');
  expect(stdout.replace(/ +\d+(\.\d+)? ms/g, ' T')).toBe(`web.shop.svc.cluster.local. A: NOERROR
  web.shop.svc.cluster.local. 5 IN A 10.96.0.7
  kubernetes answered: service shop/web: cluster IP 10.96.0.7

asked for web A by 10.244.0.7, a pod of namespace shop

1. web.shop.svc.cluster.local.  search list: shop.svc.cluster.local
   dns://:0, zone .: NOERROR in T
   cache       passed T
   kubernetes  answered T  service shop/web: cluster IP 10.96.0.7
`);
  expect(code).toBe(0);
  const missing = await cairn('explain', 'wbe.shop.svc.cluster.local.', 'AAAA');
  expect(missing.stdout).toMatch(
    /^wbe\.shop\.svc\.cluster\.local\. AAAA: NXDOMAIN\n {2}kubernetes answered: namespace shop has no service wbe; did you mean web\?\n/,
  );
  expect(missing.code).toBe(1);
  const json = await cairn('explain', 'web', '--client', '10.244.0.7', '--json');
  expect(JSON.parse(json.stdout)).toMatchObject({ namespace: 'shop', candidates: [{ plugin: 'kubernetes' }] });
});

test('what a name holds cannot control the terminal', async () => {
  const { cairn, upstream } = await started();
  upstream.on(answering(['www.example.org. 300 TXT "\\027[31mred\\010next"']));
  const { stdout } = await cairn('explain', 'www.example.org.', 'TXT');
  expect(stdout).toContain('TXT "\\027[31mred\\010next"');
  expect(stdout).not.toContain('\x1b');
});

test('the cache is shown and flushed by the command', async () => {
  const { cairn, www } = await started();
  await www();
  await vi.waitFor(async () => expect((await cairn('cache', 'get', 'www.example.org')).code).toBe(0), PATIENT);
  const { stdout } = await cairn('cache', 'get', 'WWW.example.org', 'a');
  expect(stdout.replace(/\d+ s\b/g, 'N s')).toBe(
    'www.example.org. A: NOERROR, kept N s ago, fresh for N s, 0 hits (block of .)\n  www.example.org. ' +
      `${/org\. (\d+) IN/.exec(stdout)?.[1]} IN A 192.0.2.1\n`,
  );
  expect(await cairn('cache', 'get', 'www.example.org', 'MX')).toMatchObject({
    code: 1,
    stdout: 'no cache holds a reply for www.example.org MX\n',
  });
  expect(JSON.parse((await cairn('cache', 'get', 'www.example.org', '--json')).stdout)).toMatchObject([{ type: 'A' }]);
  expect((await cairn('cache', 'flush', 'example.org')).stdout).toBe('no cache held a reply for example.org\n');
  expect((await cairn('cache', 'flush', 'example.org', '--subtree')).stdout).toBe('1 reply is forgotten\n');
  expect((await cairn('cache', 'get', 'www.example.org')).code).toBe(1);
  expect((await cairn('cache', 'flush', '--all')).stdout).toBe('the caches were empty\n');
  await www();
  expect(await cairn('cache', 'flush', '--all', '--json')).toMatchObject({ code: 0, stdout: '{\n  "flushed": 1\n}\n' });
});

test.each([
  [['cache'], /ACTION is missing/],
  [['cache', 'got', 'a'], /there is no cache command "got"\n {2}expecting one of get, flush; did you mean get\?/],
  [['cache', 'get'], /NAME is missing\n {2}write cairn cache get NAME/],
  [['cache', 'get', 'a', '--all'], /get shows one name/],
  [['cache', 'flush'], /NAME is missing\n {2}write cairn cache flush NAME, or cairn cache flush --all for everything/],
  [['cache', 'flush', 'a', 'MX'], /unexpected argument "MX"/],
  [['cache', 'flush', 'a', '--all'], /give NAME or --all, not both/],
  [['cache', 'flush', '--all', '--subtree'], /--subtree needs a name/],
  [['explain'], /NAME is missing/],
  [['explain', 'a', '--client', 'b'], /--client cannot be "b"\n {2}it is an IP address/],
])('%j is a usage error', async (args, message) => {
  const { stderr, stdout, code } = await run(process.execPath, [MAIN, ...args], { cwd: folderWith({}) });
  expect(stderr).toMatch(message);
  expect([stdout, code]).toEqual(['', 2]);
});
