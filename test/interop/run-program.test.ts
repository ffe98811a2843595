import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, onTestFinished, test } from 'vitest';
import { folderWith } from '../support/folder.ts';
import { PATIENT } from '../support/patience.ts';
import { canRun, run } from '../support/tools.ts';
import { canPlayPod } from './node-dns/pod.ts';

const MAIN = resolve(import.meta.dirname, '../../src/cli/main.ts');

const MANIFESTS = `
{apiVersion: v1, kind: Service, metadata: {namespace: shop, name: web}, spec: {clusterIP: 10.96.0.20, ports: [{name: http, port: 80}]}}
---
{apiVersion: v1, kind: Service, metadata: {namespace: shop, name: db}, spec: {clusterIP: None, selector: {app: db}, ports: [{name: pg, port: 5432}]}}
---
{apiVersion: v1, kind: Pod, metadata: {namespace: shop, name: db-0, labels: {app: db}}, spec: {hostname: db-0, subdomain: db, hostAliases: [{ip: 192.0.2.9, hostnames: [legacy]}]}, status: {podIP: 10.244.0.1}}
---
{apiVersion: v1, kind: Pod, metadata: {namespace: shop, name: agent}, spec: {dnsConfig: {searches: [example.com]}}, status: {podIPs: [{ip: "fd00::7"}, {ip: 10.244.0.7}]}}
---
{apiVersion: v1, kind: Service, metadata: {namespace: six, name: web}, spec: {clusterIP: "fd00:10:96::20", ports: [{port: 80}]}}
`;

const folder = () => folderWith({ 'cluster.yaml': MANIFESTS });
const hasPython = canPlayPod && canRun('python3', ['-c', 'import socket']);
const hasGo = canPlayPod && canRun('go', ['version']);
const hasCurl = canPlayPod && canRun('curl', ['--version']);

/** Runs `cairn run` with the manifests and these flags; times are left out of what it prints. */
async function cairnRun(flags: string, ...command: readonly string[]) {
  const ran = await run(process.execPath, [MAIN, 'run', ...flags.split(' ').filter(Boolean), '--', ...command], {
    cwd: folder(),
  });
  return { ...ran, stderr: ran.stderr.replace(/ +[\d.]+ ms/g, ' … ms') };
}
const inShop = (...command: readonly string[]) => cairnRun('-n shop --manifests cluster.yaml', ...command);

/** Listens in the machine's own network, until the test ends. */
async function listen<S extends Server>(server: S): Promise<number> {
  await once(server.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}
const greet = () => listen(createHttpServer((request, response) => response.end(`hello ${request.headers.host}\n`)));

test.runIf(canPlayPod)('getent finds short names, and the report says what that cost', async () => {
  const ran = await inShop('getent', 'ahostsv4', 'web');
  expect(ran.stdout).toMatch(/^10\.96\.0\.20 +STREAM /);
  expect(ran.code).toBe(0);
  expect(ran.stderr).toBe(
    `cairn run: a pod of shop sent 1 query
  web.shop.svc.cluster.local.  A … ms  10.96.0.20      kubernetes: service shop/web: cluster IP 10.96.0.20
  a lookup of web takes 2 queries (${libc()}, ndots 5)
`,
  );
});

function libc(): string {
  const { header } = process.report.getReport() as unknown as { header: { glibcVersionRuntime?: string } };
  return header.glibcVersionRuntime === undefined ? 'musl' : 'glibc';
}

test.runIf(canPlayPod)('names that cost more than they must, and those that are not found', async () => {
  const { stderr } = await cairnRun(
    '-n shop --manifests cluster.yaml --image alpine',
    ...['sh', '-c', 'getent ahostsv4 web.shop.svc.cluster.local; getent ahostsv4 wbe; true'],
  );
  expect(stderr).toMatch(/^cairn run: a pod of shop sent \d+ queries, \d+ of them NXDOMAIN\n/);
  expect(stderr).toContain('kubernetes: namespace shop has no service wbe; did you mean web?\n');
  expect(stderr).toContain('  a lookup of web takes 2 queries (musl, ndots 5)\n');
  expect(stderr).toContain('  a lookup of wbe takes 8 queries (musl, ndots 5) and finds nothing: ENOTFOUND\n');
});

test.runIf(canPlayPod)('the files are those of the pod, and its addresses are its own', async () => {
  const script = 'cat /etc/resolv.conf /etc/hosts; getent hosts legacy; ip -o address show dev eth0 scope global';
  const { stdout } = await cairnRun('--pod shop/db-0 --manifests cluster.yaml', 'sh', '-c', script);
  expect(stdout).toMatch(
    /^search shop\.svc\.cluster\.local svc\.cluster\.local cluster\.local\nnameserver 10\.96\.0\.10\noptions ndots:5\n/,
  );
  expect(stdout).toContain('10.244.0.1\tdb-0.db.shop.svc.cluster.local\tdb-0\n');
  expect(stdout).toMatch(/\n192\.0\.2\.9 +legacy\n/);
  expect(stdout).toMatch(/ inet 10\.244\.0\.1\/32 /);
});

test.runIf(hasPython)('Python looks names up and reaches what --serve names', async () => {
  const program = `
import socket, urllib.request
print(sorted({entry[4] for entry in socket.getaddrinfo('web', 80)}))
print(urllib.request.urlopen('http://web/').read().decode().strip())
print(urllib.request.urlopen('http://db-0.db:5432/').read().decode().strip())
for name in ['nothing', 'example.com']:
    try: socket.getaddrinfo(name, 80)
    except socket.gaierror as error: print(error.args[1])
`;
  const port = await greet();
  const flags = `-n shop --manifests cluster.yaml --serve shop/web=127.0.0.1:${port} --serve shop/db-0:pg=${port}`;
  const { stdout, code, stderr } = await cairnRun(flags, 'python3', '-c', program);
  expect(stdout.split('\n'), stderr).toEqual([
    ...["[('10.96.0.20', 80)]", 'hello web', 'hello db-0.db:5432'],
    ...['Name or service not known', 'Name or service not known', ''],
  ]);
  expect(code).toBe(0);
});

test.runIf(hasGo)(
  'a Go program without libc looks names up and reaches what --serve names',
  async () => {
    const program = `package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
)

func main() {
	fmt.Println(net.LookupHost("web"))
	_, records, err := net.LookupSRV("pg", "tcp", "db.shop.svc.cluster.local")
	fmt.Println(len(records), records[0].Target, records[0].Port, err)
	if _, err := net.LookupHost("wbe"); err != nil {
		fmt.Println(err.(*net.DNSError).IsNotFound)
	}
	response, err := http.Get("http://web/")
	if err != nil {
		panic(err)
	}
	body, _ := io.ReadAll(response.Body)
	fmt.Print(string(body))
}
`;
    const place = folderWith({ 'cluster.yaml': MANIFESTS, 'main.go': program, 'go.mod': 'module app\n\ngo 1.20\n' });
    const built = await run('env', ['CGO_ENABLED=0', 'GOFLAGS=-mod=mod', 'go', 'build', '-o', 'app', '.'], {
      ...{ cwd: place, timeoutMs: 4 * PATIENT.timeout },
    });
    expect(built).toMatchObject({ code: 0 });
    const flags = ['-n', 'shop', '--manifests', 'cluster.yaml', '--serve', `shop/web=${await greet()}`];
    const { stdout, stderr } = await run(process.execPath, [MAIN, 'run', ...flags, '--', './app'], { cwd: place });
    expect(stdout, stderr).toBe('[10.96.0.20] <nil>\n1 db-0.db.shop.svc.cluster.local. 5432 <nil>\ntrue\nhello web\n');
  },
  6 * PATIENT.timeout,
);

describe('connections', () => {
  test.runIf(hasCurl)('curl reaches a Service, and no other address', async () => {
    const script = 'for url in web web:81 10.96.0.21 192.0.2.77; do curl -sS http://$url/; echo $?; done';
    const flags = `-n shop --manifests cluster.yaml --serve shop/web:http=${await greet()}`;
    const { stdout } = await cairnRun(flags, 'sh', '-c', script);
    expect(stdout.split('\n')).toEqual(['hello web', '0', '7', '7', '7', '']);
  });

  test.runIf(hasCurl)(
    'without --serve they are refused, even where the program itself listens on all addresses',
    async () => {
      const program = `
const server = require('node:http').createServer((_, response) => response.end('own\\n')).listen(80, '0.0.0.0', () => {
  const script = 'curl -sS http://web/; echo $?; curl -sS http://localhost/';
  require('node:child_process').spawn('sh', ['-c', script], { stdio: 'inherit' }).on('exit', () => server.close());
});`;
      expect((await inShop(process.execPath, '-e', program)).stdout).toBe('7\nown\n');
    },
  );

  test.runIf(hasCurl)('IPv6', async () => {
    const flags = `-n six --pod agent --manifests cluster.yaml --serve six/web=${await greet()}`;
    const sixth = flags.replace('-n six', '-n shop');
    const { stdout } = await cairnRun(
      sixth,
      'sh',
      '-c',
      'curl -sS http://web.six/; curl -sS http://web.six:81/; echo $?',
    );
    expect(stdout).toBe('hello web.six\n7\n');
  });

  test.runIf(canPlayPod)('each side may end its own half', async () => {
    const port = await listen(
      createServer({ allowHalfOpen: true }, async (socket) => socket.end(`got ${await text(socket)}`)),
    );
    const program = `
const socket = require('node:net').connect({ host: 'web', port: 80, allowHalfOpen: true });
socket.end('all of it').pipe(process.stdout);`;
    const flags = `-n shop --manifests cluster.yaml --serve shop/web=${port}`;
    expect((await cairnRun(flags, process.execPath, '-e', program)).stdout).toBe('got all of it');
  });

  test.runIf(canPlayPod)('a program outside that does not listen is named', async () => {
    const program = `require('node:net').connect(80, 'web').on('error', ({ code }) => console.log(code));`;
    const closed = createServer();
    const port = await listen(closed);
    await new Promise((done) => closed.close(done));
    const ran = await cairnRun(
      `-n shop --manifests cluster.yaml --serve shop/web=${port}`,
      process.execPath,
      '-e',
      program,
    );
    expect(ran.stdout).toBe('ECONNRESET\n');
    expect(ran.stderr).toContain(`cairn run: shop/web: connect ECONNREFUSED 127.0.0.1:${port}\n`);
  });
});

test.runIf(canPlayPod)('Node.js finds with c-ares what it finds in a pod, over UDP and TCP', async () => {
  const program = `
const { lookup, resolve4, resolveSrv } = require('node:dns').promises;
(async () => {
  console.log((await lookup('web')).address);
  console.log(await resolve4('web').catch(({ code }) => code));
  console.log((await resolveSrv('_pg._tcp.db.shop.svc.cluster.local'))[0].name);
  const labels = ['web', 'shop', 'svc', 'cluster', 'local'].map((label) => String.fromCharCode(label.length) + label);
  const question = Buffer.concat([Buffer.from('000101000001000000000000', 'hex'), Buffer.from(labels.join('') + '\\0\\0\\x01\\0\\x01')]);
  const query = Buffer.concat([Buffer.from([0, question.length]), question]);
  const socket = require('node:net').connect({ host: '10.96.0.10', port: 53, allowHalfOpen: true });
  const answer = [];
  for await (const chunk of socket.end(query)) answer.push(chunk);
  console.log([...Buffer.concat(answer).subarray(-4)].join('.'));
})();`;
  const { stdout, stderr } = await inShop(process.execPath, '-e', program);
  expect(stdout, stderr).toBe('10.96.0.20\nENOTFOUND\ndb-0.db.shop.svc.cluster.local\n10.96.0.20\n');
});

describe('the end is that of the program', () => {
  test.runIf(canPlayPod).each([
    [['sh', '-c', 'exit 7', '--help'], 7, /^/],
    [['no-such-command'], 127, /^(cairn run: no-such-command: not found|unshare: .*no-such-command.*)\n/],
    [['./cluster.yaml'], 126, /^cairn run: .\/cluster.yaml: not an executable file\n/],
    [['./no-such-program'], 127, /^(cairn run: .\/no-such-program: not found|unshare: .*no-such-program.*)\n/],
  ])('%j: %i', async (command, code, complaint) => {
    const ran = await inShop(...command);
    expect(ran).toMatchObject({ code, stdout: '' });
    expect(ran.stderr).toMatch(complaint);
    expect(ran.stderr).toContain('cairn run: a pod of shop asked nothing\n');
  });

  test.runIf(canPlayPod)('a signal that ends it', async () => {
    const child = spawn(
      process.execPath,
      [MAIN, 'run', '--manifests', 'cluster.yaml', '--', 'sh', '-c', 'kill -KILL $$'],
      {
        cwd: folder(),
        stdio: 'ignore',
      },
    );
    expect(await once(child, 'exit')).toEqual([null, 'SIGKILL']);
  });

  test.runIf(canPlayPod).each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)('%s reaches it', async (signal) => {
    const program = `
process.on('${signal}', () => { console.log('trapped'); process.exitCode = 3; clearInterval(waiting); });
const waiting = setInterval(() => {}, 1000);
console.log('ready');`;
    const command = [MAIN, 'run', '--manifests', 'cluster.yaml', '--', process.execPath, '-e', program];
    const child = spawn(process.execPath, command, { cwd: folder(), stdio: ['ignore', 'pipe', 'ignore'] });
    const printed = text(child.stdout);
    child.stdout.once('data', () => child.kill(signal));
    expect(await once(child, 'exit')).toEqual([3, null]);
    expect(await printed).toBe('ready\ntrapped\n');
  });
});

test.runIf(canPlayPod)('--net host changes only DNS', async () => {
  // A network to play the machine's own.
  const script =
    'ip link set lo up; ip address add 192.0.2.1/32 dev lo; ip link add mark type veth peer name other; exec "$@"';
  const inside =
    'ls /sys/class/net >/dev/null; ip link show mark >/dev/null && cat /etc/resolv.conf && getent ahostsv4 web';
  const command = [MAIN, 'run', '--net', 'host', '-n', 'shop', '--manifests', 'cluster.yaml', '--', 'sh', '-c', inside];
  const args = ['-rn', 'sh', '-ec', script, 'sh', process.execPath, ...command];
  const { stdout, stderr } = await run('unshare', args, { cwd: folder() });
  expect(stdout, stderr).toMatch(/\nnameserver 127\.0\.53\.1\noptions ndots:5\n10\.96\.0\.20 +STREAM /);
  expect(stderr).toContain('cairn run: a pod of shop sent 1 query\n');
});

const AS_NOBODY = ['--reuid', '65534', '--regid', '65534', '--clear-groups'];
const canBeNobody =
  canPlayPod && process.getuid!() === 0 && canRun('setpriv', [...AS_NOBODY, process.execPath, MAIN, '-version']);

test.runIf(canBeNobody)('a user who is not root stays the same, without capabilities', async () => {
  const place = folder();
  chmodSync(place, 0o755);
  const script = 'id -u; id -g; grep CapEff /proc/self/status; getent ahostsv4 web';
  const args = [...AS_NOBODY, process.execPath, MAIN, 'run', '-n', 'shop', '--manifests', `${place}/cluster.yaml`];
  const { stdout, stderr } = await run('setpriv', [...args, '--', 'sh', '-c', script], { cwd: '/' });
  expect(stdout, stderr).toMatch(/^65534\n65534\nCapEff:\t0+\n10\.96\.0\.20 /);
});

describe('errors', () => {
  test('a system without namespaces', async () => {
    const place = folder();
    mkdirSync(join(place, 'bin'));
    writeFileSync(
      join(place, 'bin/unshare'),
      '#!/bin/sh\necho "unshare: unshare failed: Operation not permitted" >&2\nexit 1\n',
    );
    chmodSync(join(place, 'bin/unshare'), 0o755);
    const args = [`PATH=${place}/bin`, process.execPath, MAIN, 'run', '--manifests', 'cluster.yaml', '--', 'true'];
    const { code, stderr } = await run('env', args, { cwd: place });
    expect(stderr).toMatch(
      /^this system does not allow namespaces \(unshare: unshare failed: Operation not permitted\)\. Allow /,
    );
    expect(code).toBe(1);
  });

  test('a system without unshare', async () => {
    const args = ['PATH=/nowhere', process.execPath, MAIN, 'run', '--manifests', 'cluster.yaml', '--', 'true'];
    const { stderr } = await run('env', args, { cwd: folder() });
    expect(stderr).toBe('cairn run needs the command `unshare`: install the package util-linux\n');
  });
});
