import { readdirSync } from 'node:fs';
import type { Worker } from 'node:worker_threads';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { runningClock } from '../../../test/support/clock.ts';
import { addToCluster } from '../../../test/support/cluster.ts';
import { datagramClient, silentLog } from '../../../test/support/datagram-contract.ts';
import { PATIENT } from '../../../test/support/patience.ts';
import { printReply, testMessage } from '../../../test/support/query.ts';
import { anyQuery, changeCluster, repeatingChain } from '../../../test/support/repetition.ts';
import { printRdata } from '../../dns/presentation.ts';
import { decodeMessage } from '../../dns/wire/decode.ts';
import { encodeMessage } from '../../dns/wire/encode.ts';
import { listenBatched, loadMachinery } from '../../net/native/batched-udp.ts';
import type { Kernel } from '../../net/native/kernel.ts';
import type { Machinery } from '../../net/native/serve-socket.ts';
import type { Receiver } from '../../net/transport.ts';
import { createLogger } from '../../observe/log.ts';
import type { Responder } from '../answer/responder.ts';
import type { ListenerBinding } from '../listeners/listener-binding.ts';
import { BatchedService, openUdpService, type UdpService } from './udp-service.ts';

const LOCAL = { address: '127.0.0.1', port: 53 };

const machinery = await loadMachinery();
if (machinery) describe('worker threads', () => workerTests(machinery));

function workerTests(machinery: Machinery): void {
  /** A listener that so many threads serve, over a chain as kubeadm's. */
  const setup = async (threads: number) => {
    const chain = repeatingChain(runningClock);
    const binding: ListenerBinding = { responder: chain.responder(), byAddress: new Map() };
    const lines: string[] = [];
    const service = await openUdpService({
      ...{ server: 'dns://:53', address: '127.0.0.1', port: 0, clock: runningClock, addresses: () => [], binding },
      log: createLogger((_, line) => lines.push(line)),
      receive(incoming) {
        const { bytes, client, local } = incoming;
        const arrival = { protocol: 'udp', client, local, octets: bytes.length, receivedMs: 0 } as const;
        const send = incoming.defer();
        void Promise.resolve(binding.responder.answer(bytes, arrival)).then((answer) => send(answer as Buffer));
        return undefined;
      },
    });
    onTestFinished(() => service.close(0));
    await service.resize(threads);
    /** Queries that the main thread answered. */
    const answered = vi.spyOn(binding.responder, 'answer').mock.calls;
    return { ...chain, binding, service, lines, answered };
  };

  /** What the plugins say, without a memo. */
  const made = async (responder: Responder, bytes: Uint8Array) => {
    const receivedMs = runningClock.monotonic();
    const arrival = { client: LOCAL, local: LOCAL, protocol: 'udp', octets: bytes.length, receivedMs } as const;
    return (await responder.answer(bytes, arrival)) as Buffer;
  };

  /** Clients enough that the kernel gives some of them to each thread. */
  const clients = (port: number, count = 16) => {
    const all = Array.from({ length: count }, () => datagramClient('127.0.0.1'));
    return all.map((client) => async (query: Buffer) => (await client.ask(query, port)).bytes);
  };

  const WEB = encodeMessage(testMessage('web.shop.svc.cluster.local. A'));
  const addressOf = (reply: Buffer) => decodeMessage(reply).answer.map(printRdata);

  interface Link {
    readonly worker: Worker;
    readonly bell: number;
  }
  const linksOf = (service: UdpService) => (service as unknown as { readers: { links: Link[] } }).readers.links;
  /** Ends a worker by an error. */
  const kill = (link: Link) => {
    link.worker.postMessage({ kind: 'nonsense' });
    machinery.kernel.signal(link.bell);
    return link;
  };

  test('after a change no response of any thread shows the state before it', async () => {
    const { registry, random, responder, service, answered } = await setup(2);
    const asks = clients(service.port);
    for (let step = 0; step < 30_000; step += asks.length) {
      for (let i = 0; i < 4; i++) changeCluster(registry, random);
      const queries = asks.map(() => anyQuery(random));
      const before = await Promise.all(queries.map((query) => made(responder(), query)));
      const given = await Promise.all(queries.map((query, i) => asks[i]!(query)));
      for (const [i, query] of queries.entries()) {
        // TTLs of cached replies may have gone down by a second meanwhile.
        if (given[i]!.equals(before[i]!) || given[i]!.equals(await made(responder(), query))) continue;
        expect(printReply(decodeMessage(given[i]!))).toBe(printReply(decodeMessage(before[i]!)));
        expect(given[i]!.toString('hex')).toBe(before[i]!.toString('hex'));
      }
    }
    // The others were answered without the main thread.
    expect(answered.length).toBeLessThan(26_000);
  });

  test('a change is seen by the very next query of every client', async () => {
    const { registry, service, answered } = await setup(2);
    const asks = clients(service.port);
    for (let round = 0; round < 3; round++) await Promise.all(asks.map((ask) => ask(WEB)));
    const before = answered.length;
    await Promise.all(asks.map((ask) => ask(WEB)));
    expect(answered.length).toBe(before);
    addToCluster(registry, 'service shop/web 10.0.0.99 http:tcp:80');
    for (const reply of await Promise.all(asks.map((ask) => ask(WEB)))) expect(addressOf(reply)).toEqual(['10.0.0.99']);
  });

  test('every answer is observed and counted once, those of the workers together', async () => {
    const { service, seen, repeated, env } = await setup(2);
    const asks = clients(service.port);
    for (let round = 0; round < 10; round++) await Promise.all(asks.map((ask) => ask(WEB)));
    await service.handOver();
    const together = repeated.reduce((sum, { count }) => sum + count, 0);
    expect(seen.length + together).toBe(160);
    expect(together).toBeGreaterThan(100);
    expect(repeated[0]).toMatchObject({
      ...{ protocol: 'udp', server: 'dns://:53', zone: '.', type: 1, do: false, isIPv6: false },
      ...{ queryOctets: WEB.length, octets: seen[0]![1].octets, reply: { source: 'kubernetes' } },
    });
    expect(repeated[0]!.durationMs / repeated[0]!.count).toBeLessThan(PATIENT.timeout);
    expect(await env.exposed('cairn_kubernetes_answers_total{kind="service",missing=""}')).toEqual([
      'cairn_kubernetes_answers_total{kind="service",missing=""} 160',
    ]);
  });

  test('while somebody follows, every query of every thread is seen, and then the workers answer by themselves again', async () => {
    const { service, answered, binding } = await setup(2);
    const { followers } = binding.responder.watch;
    const asks = clients(service.port);
    const askAll = async () => {
      for (let round = 0; round < 5; round++) await Promise.all(asks.map((ask) => ask(WEB)));
    };
    await askAll();
    const seen: number[] = [];
    const leave = followers.add({ query: ({ client }) => seen.push(client.port) });
    await askAll();
    expect(Object.values(Object.groupBy(seen, (port) => port)).map((each) => each!.length)).toEqual(Array(16).fill(5));
    leave();
    await askAll();
    const before = answered.length;
    await askAll();
    expect(answered.length).toBe(before);
    expect(seen).toHaveLength(80);
  });

  test('what the workers did is known a moment later, without anybody asking', async () => {
    const { service, repeated, binding } = await setup(2);
    const [ask] = clients(service.port, 1);
    for (let i = 0; i < 10; i++) await ask!(WEB);
    await vi.waitFor(() => expect(repeated.reduce((sum, { count }) => sum + count, 0)).toBe(8), PATIENT);
    expect(binding.responder.memo.hits).toBe(8);
    expect(service.memoOf(undefined)).toEqual({ entries: 1, octets: (await ask!(WEB)).length });
    expect(service.memoOf('192.0.2.1')).toEqual({ entries: 0, octets: 0 });
  });

  test('other responders take over at once: no response of the former ones is repeated', async () => {
    const { service, binding } = await setup(2);
    const asks = clients(service.port);
    for (let round = 0; round < 3; round++) await Promise.all(asks.map((ask) => ask(WEB)));
    const others = repeatingChain(runningClock);
    addToCluster(others.registry, 'service shop/web 10.0.0.55 http:tcp:80');
    binding.responder = others.responder();
    const handedOver = service.handOver();
    for (let round = 0; round < 3; round++) {
      for (const reply of await Promise.all(asks.map((ask) => ask(WEB))))
        expect(addressOf(reply)).toEqual(['10.0.0.55']);
    }
    await handedOver;
  });

  test('closing lets replies out that are still being made', async () => {
    const { service, binding } = await setup(2);
    const made = Promise.withResolvers<Buffer>();
    const asked = Promise.withResolvers<void>();
    vi.mocked(binding.responder.answer).mockImplementation(() => {
      asked.resolve();
      return made.promise;
    });
    const [ask] = clients(service.port, 1);
    const reply = ask!(WEB);
    await asked.promise;
    const closed = service.close();
    setImmediate(() => made.resolve(Buffer.from('late')));
    expect((await reply).toString()).toBe('late');
    await closed;
  });

  test('the number of threads changes under load, and not one reply is missing', async () => {
    const { service } = await setup(1);
    const sockets = () => readdirSync('/proc/self/fd').length;
    const asks = clients(service.port);
    let isOver = false;
    const load = asks.map(async (ask) => {
      // A query that is lost is waited for until the test runs out of time.
      while (!isOver) expect(addressOf(await ask(WEB))).toEqual(['10.0.0.1']);
    });
    for (const threads of [2, 4, 2, 1, 3]) {
      await service.resize(threads);
      expect(service.workers).toBe(threads > 1 ? threads : 0);
      await Promise.all(asks.map((ask) => ask(WEB)));
    }
    isOver = true;
    await Promise.all(load);
    const before = sockets();
    await service.close();
    expect(before - sockets()).toBeGreaterThanOrEqual(4);
  });

  test('a worker that dies is stood in for and replaced, and the log says why', async () => {
    const { service, lines } = await setup(2);
    const asks = clients(service.port);
    await Promise.all(asks.map((ask) => ask(WEB)));
    const { worker } = kill(linksOf(service)[0]!);
    await vi.waitFor(() => expect(service.deaths).toBe(1), PATIENT);
    expect(lines).toEqual([
      expect.stringContaining('dns://:53: a worker thread died, the main thread stands in for it'),
    ]);
    expect(lines[0]).toContain('no such order: {"kind":"nonsense"}');
    await Promise.all(asks.map((ask) => ask(WEB)));
    await vi.waitFor(() => expect(linksOf(service)[0]!.worker).not.toBe(worker), PATIENT);
    await Promise.all(asks.map((ask) => ask(WEB)));
    expect(service.workers).toBe(2);
  });

  test.each<[string, Partial<Kernel>, RegExp]>([
    [
      'a second socket',
      { setOption: () => -1, error: () => 'ENOPROTOOPT' },
      /cannot listen on UDP 127\.0\.0\.1:\d+: .*ENOPROTOOPT/,
    ],
    ['an eventfd', { eventfd: () => -1, error: () => 'EMFILE' }, /eventfd EMFILE/],
  ])('where %s cannot be had, all is as before', async (_, changes, problem) => {
    const machinery = (await loadMachinery())!;
    const binding: ListenerBinding = { responder: repeatingChain(runningClock).responder(), byAddress: new Map() };
    const options = {
      server: '',
      address: '127.0.0.1',
      port: 0,
      clock: runningClock,
      log: silentLog,
      addresses: () => [],
      binding,
    };
    const receive: Receiver = () => Buffer.from('main');
    const listener = listenBatched(machinery, options, receive);
    const kernel = { ...machinery.kernel, ...changes };
    const service = new BatchedService({ ...options, receive }, listener, { ...machinery, kernel });
    onTestFinished(() => service.close(0));
    await expect(service.resize(2)).rejects.toThrow(problem);
    expect(service.workers).toBe(0);
    expect((await clients(service.port, 1)[0]!(WEB)).toString()).toBe('main');
  });

  test('other responders can take over while a worker is missing', async () => {
    const { service, lines } = await setup(2);
    kill(linksOf(service)[0]!);
    await vi.waitFor(() => expect(lines).toHaveLength(1), PATIENT);
    await service.handOver();
  });

  test('what goes wrong while the main thread stands in for a worker counts, too', async () => {
    const { service, lines, binding } = await setup(2);
    const { worker } = kill(linksOf(service)[0]!);
    await vi.waitFor(() => expect(lines).toHaveLength(1), PATIENT);
    // No datagram holds it.
    vi.mocked(binding.responder.answer).mockReturnValue(Buffer.alloc(70_000));
    for (const ask of clients(service.port)) void ask(WEB);
    await vi.waitFor(() => expect(service.stats.sendErrors).toBe(16), PATIENT);
    await vi.waitFor(() => expect(linksOf(service)[0]!.worker).not.toBe(worker), PATIENT);
    expect(service.stats.sendErrors).toBe(16);
  });

  test('while the main thread stands in for a worker, all may end', async () => {
    const { service, lines } = await setup(2);
    kill(linksOf(service)[1]!);
    await vi.waitFor(() => expect(lines).toHaveLength(1), PATIENT);
    await service.resize(1);
    expect(addressOf(await clients(service.port, 1)[0]!(WEB))).toEqual(['10.0.0.1']);
    await service.close();
  });
}
