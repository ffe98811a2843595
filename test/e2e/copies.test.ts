import { writeFile } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { type Clock, systemClock } from '../../src/observe/clock.ts';
import { ask } from '../support/ask.ts';
import { folderWith } from '../support/folder.ts';
import { PATIENT } from '../support/patience.ts';
import { startServer, type TestServer } from '../support/server.ts';

const service = (name: string, ip: string) =>
  `{apiVersion: v1, kind: Service, metadata: {namespace: shop, name: ${name}}, spec: {clusterIP: ${ip}, ports: [{name: http, port: 80}]}}\n---\n`;

/** A server of a cluster with these services, that any server may copy. */
async function startCentre(services: string, clock: Clock = systemClock, to = '127.0.0.0/8') {
  const folder = folderWith({ 'cluster.yaml': services });
  const file = join(folder, 'cluster.yaml');
  const server = await startServer(
    `. {
      bind 127.0.0.1
      cache
      transfer {
        to ${to}
      }
      kubernetes cluster.local 10.in-addr.arpa {
        manifests ${file}
        pods insecure
      }
    }`,
    { clock },
  );
  return {
    ...{ server, port: server.port },
    change: (text: string) => writeFile(file, text),
    serial: async () => (await ask(server.port, 'cluster.local', 'SOA')).answer[0],
  };
}

/** An address that leads to one of several servers, as a Service does: connections stay with their server until they are cut. */
async function startBalancer(port: number) {
  let target = port;
  const open = new Set<Socket>();
  const balancer = createServer((client) => {
    const server = connect(target, '127.0.0.1');
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      open.add(from);
      from.pipe(to);
      from
        .on('error', () => {})
        .on('close', () => {
          open.delete(from);
          to.destroy();
        });
    }
  });
  await new Promise<void>((resolve) => balancer.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    balancer.close();
    for (const socket of open) socket.destroy();
  });
  return {
    port: (balancer.address() as { port: number }).port,
    /** Cuts all connections. The next ones lead to another server. */
    leadTo(next: number) {
      target = next;
      for (const socket of open) socket.destroy();
    },
  };
}

const startCopy = (port: number, options = '') =>
  startServer(`cluster.local 10.in-addr.arpa {
    bind 127.0.0.1
    secondary {
      transfer from 127.0.0.1:${port}
      ${options}
    }
    forward . 127.0.0.1:${port}
  }`);

const shows = (port: number, name: string, type: string, answer: readonly string[]) =>
  vi.waitFor(async () => expect((await ask(port, name, type)).answer).toEqual(answer), PATIENT);

/** How often the zone was refreshed, by result. */
async function refreshes({ server }: TestServer): Promise<Record<string, number>> {
  const lines = (await server.metrics.expose()).matchAll(
    /^cairn_secondary_refreshes_total\{zone="cluster.local.",result="(\w+)"\} (\d+)$/gm,
  );
  return Object.fromEntries([...lines].map(([, result, count]) => [result!, Number(count)]));
}

/** The number of copies that wait for a newer version: one for each zone. */
async function waitingAt({ server: { server } }: { readonly server: TestServer }): Promise<number> {
  return Number(/^cairn_zone_transfers_waiting\S* (\d+)$/m.exec(await server.metrics.expose())?.[1]);
}

test('a copy of a cluster follows its changes, without NOTIFY and without a refresh', async () => {
  const centre = await startCentre(service('web', '10.0.0.1'));
  const copy = await startCopy(centre.port);
  await shows(copy.port, 'web.shop.svc.cluster.local', 'A', ['10.0.0.1']);
  await shows(copy.port, '1.0.0.10.in-addr.arpa', 'PTR', ['web.shop.svc.cluster.local.']);
  for (let i = 2; i < 6; i++) {
    await centre.change(service('web', `10.0.0.${i}`) + service(`n${i}`, `10.0.1.${i}`));
    await shows(copy.port, 'web.shop.svc.cluster.local', 'A', [`10.0.0.${i}`]);
    await shows(copy.port, `${i}.0.0.10.in-addr.arpa`, 'PTR', ['web.shop.svc.cluster.local.']);
    await shows(copy.port, `${i - 1}.0.0.10.in-addr.arpa`, 'PTR', []);
    expect((await ask(copy.port, `n${i - 1}.shop.svc.cluster.local`, 'A')).rcode).toBe('NXDOMAIN');
  }
  expect(await refreshes(copy)).toMatchObject({ transferred: 1, failed: 0 });
  expect((await ask(copy.port, 'cluster.local', 'SOA')).answer).toEqual([await centre.serial()]);
});

test('a copy goes on with another server of the same cluster, whatever its serials are', async () => {
  // The second one started an hour earlier, or its clock is behind.
  const late = { ...systemClock, now: () => Date.now() - 3_600_000 };
  const [one, other] = [
    await startCentre(service('web', '10.0.0.1')),
    await startCentre(service('web', '10.0.0.1'), late),
  ];
  const balancer = await startBalancer(one.port);
  const copy = await startCopy(balancer.port);
  await shows(copy.port, 'web.shop.svc.cluster.local', 'A', ['10.0.0.1']);

  // The same content under an older serial is current, and the next change comes as a difference.
  balancer.leadTo(other.port);
  await vi.waitFor(async () => expect(await waitingAt(other)).toBe(2), PATIENT);
  await other.change(service('web', '10.0.0.2'));
  await shows(copy.port, 'web.shop.svc.cluster.local', 'A', ['10.0.0.2']);
  expect((await ask(copy.port, 'cluster.local', 'SOA')).answer).toEqual([await other.serial()]);
  expect(await refreshes(copy)).toMatchObject({ transferred: 1 });

  // Other content under a later serial is copied whole, as there are no differences between the two.
  balancer.leadTo(one.port);
  await shows(copy.port, 'web.shop.svc.cluster.local', 'A', ['10.0.0.1']);
  expect(await refreshes(copy)).toMatchObject({ transferred: 2 });

  // And so is other content under an older serial.
  balancer.leadTo(other.port);
  await shows(copy.port, 'web.shop.svc.cluster.local', 'A', ['10.0.0.2']);
});

test('a server that reloads or ends does not wait for the queries that wait there', async () => {
  const centre = await startCentre(service('web', '10.0.0.1'));
  const copy = await startCopy(centre.port);
  await shows(copy.port, 'web.shop.svc.cluster.local', 'A', ['10.0.0.1']);
  const { server } = centre.server;
  const waiting = () => waitingAt(centre);
  await vi.waitFor(async () => expect(await waiting()).toBe(2), PATIENT);
  await server.reload();
  await centre.change(service('web', '10.0.0.3'));
  await shows(copy.port, 'web.shop.svc.cluster.local', 'A', ['10.0.0.3']);
  await vi.waitFor(async () => expect(await waiting()).toBe(2), PATIENT);
  await server.shutdown();
  expect(await waiting()).toBe(0);
  expect((await ask(copy.port, 'web.shop.svc.cluster.local', 'A')).answer).toEqual(['10.0.0.3']);
});

test('the server answers for what a copy leaves out, and for everything as long as there is no copy', async () => {
  const centre = await startCentre(service('web', '10.0.0.1'));
  const copy = await startCopy(centre.port, 'fallthrough pod.cluster.local');
  await shows(copy.port, 'web.shop.svc.cluster.local', 'A', ['10.0.0.1']);
  await shows(copy.port, '10-9-0-1.shop.pod.cluster.local', 'A', ['10.9.0.1']);
  expect((await ask(copy.port, 'wbe.shop.svc.cluster.local', 'A')).rcode).toBe('NXDOMAIN');
  expect(await forwardedBy(copy)).toBe(1);

  const refusing = await startCentre(service('web', '10.0.0.2'), systemClock, '192.0.2.1');
  const without = await startCopy(refusing.port, 'unready next');
  await shows(without.port, 'web.shop.svc.cluster.local', 'A', ['10.0.0.2']);
  expect((await ask((await startCopy(refusing.port)).port, 'web.shop.svc.cluster.local', 'A')).rcode).toBe('SERVFAIL');
});

/** The number of queries that a copy has passed on to the server. */
async function forwardedBy({ server }: TestServer): Promise<number> {
  const counts = (await server.metrics.expose()).matchAll(/^coredns_forward_requests_total\S* (\d+)$/gm);
  return [...counts].reduce((sum, [, count]) => sum + Number(count), 0);
}

test('copies that wait with different versions get what each of them lacks', async () => {
  const centre = await startCentre(service('web', '10.0.0.1'));
  const balancer = await startBalancer(centre.port);
  const [late, other] = [await startCopy(balancer.port), await startCopy(centre.port)];
  for (const { port } of [late, other]) await shows(port, 'web.shop.svc.cluster.local', 'A', ['10.0.0.1']);
  balancer.leadTo(1);
  await centre.change(service('web', '10.0.0.2'));
  await shows(other.port, 'web.shop.svc.cluster.local', 'A', ['10.0.0.2']);
  expect((await ask(late.port, 'web.shop.svc.cluster.local', 'A')).answer).toEqual(['10.0.0.1']);
  balancer.leadTo(centre.port);
  await centre.change(service('web', '10.0.0.3') + service('more', '10.0.0.4'));
  for (const { port } of [late, other]) {
    await shows(port, 'web.shop.svc.cluster.local', 'A', ['10.0.0.3']);
    await shows(port, 'more.shop.svc.cluster.local', 'A', ['10.0.0.4']);
  }
  for (const copy of [late, other]) expect(await refreshes(copy)).toMatchObject({ transferred: 1 });
});
