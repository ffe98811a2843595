import { createSocket } from 'node:dgram';
import { encode } from 'dns-packet';
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { ask, questionPacket } from '../../test/support/ask.ts';
import { startShop } from '../../test/support/shop.ts';
import type { PodOptions } from './index.ts';

const WEB = 'web.shop.svc.cluster.local';
const DEBIAN: PodOptions = { image: 'debian' };

afterEach(() => vi.useRealTimers());

describe('fail', () => {
  test.each([
    [
      'shop/web',
      'SERVFAIL',
      'ESERVFAIL',
      "queryA ESERVFAIL web.shop.svc.cluster.local: the test's fail('shop/web', 'SERVFAIL')",
    ],
    ['web', 'NXDOMAIN', 'ENOTFOUND', /: the test's fail\('web', 'NXDOMAIN'\)$/],
    [WEB, 'REFUSED', 'EREFUSED', /REFUSED/],
    [`${WEB}.`, 'timeout', 'ETIMEOUT', /no response from 10\.96\.0\.10 in time/],
    ['*.cluster.local', 'timeout', 'ETIMEOUT', /in time/],
    ['*', 'SERVFAIL', 'ESERVFAIL', /SERVFAIL/],
  ] as const)('of %s with %s until it ends', async (names, failure, code, message) => {
    const cluster = await startShop();
    const pod = cluster.pod({ namespace: 'shop' });
    {
      using fault = cluster.fail(names, failure);
      await expect(pod.resolve4(WEB.toUpperCase())).rejects.toMatchObject({ code });
      await expect(pod.resolve4(WEB)).rejects.toThrow(message);
      expect(fault.hits).toBe(2);
    }
    expect(await pod.resolve4(WEB)).toEqual(['10.96.12.34']);
  });

  test.each([
    ['debian', 'SERVFAIL', "EAI_AGAIN web: the test's fail('shop/web', 'SERVFAIL')"],
    ['debian', 'REFUSED', "ENOTFOUND web: the test's fail('shop/web', 'REFUSED')"],
    ['debian', 'timeout', `ENOTFOUND web: no response for AAAA of ${WEB}. came in time`],
    ['alpine', 'SERVFAIL', "EAI_AGAIN web: the test's fail('shop/web', 'SERVFAIL')"],
    ['alpine', 'REFUSED', "EAI_AGAIN web: the test's fail('shop/web', 'REFUSED')"],
    ['alpine', 'timeout', 'EAI_AGAIN web: no response from 10.96.0.10 in time'],
  ] as const)('in an image %s, an error of a short name tells of %s', async (image, failure, message) => {
    const cluster = await startShop();
    using _fault = cluster.fail('shop/web', failure);
    await expect(cluster.pod({ namespace: 'shop', image }).lookup('web')).rejects.toThrow(`getaddrinfo ${message}`);
  });

  test('concerns no other names, and the names below a service', async () => {
    const cluster = await startShop();
    const pod = cluster.pod({ namespace: 'shop', runtime: 'libc', ...DEBIAN });
    cluster.fail('db', 'SERVFAIL');
    await expect(pod.lookup('db-0.db')).rejects.toMatchObject({ code: 'EAI_AGAIN' });
    await expect(pod.resolveSrv('_pg._tcp.db')).rejects.toMatchObject({ code: 'ESERVFAIL' });
    expect((await pod.lookup('web')).address).toBe('10.96.12.34');
    cluster.fail('*.example.com', 'NXDOMAIN');
    cluster.fail('example.com', 'NXDOMAIN');
    await expect(pod.lookup('api.example.com')).rejects.toMatchObject({ code: 'ENOTFOUND' });
  });

  test('with times, concerns so many lookups with all their queries', async () => {
    const cluster = await startShop();
    const pod = cluster.pod({ namespace: 'shop', ...DEBIAN });
    const fault = cluster.fail('shop/web', 'SERVFAIL', { times: 2 });
    for (const _ of [1, 2]) await expect(pod.lookup('web')).rejects.toMatchObject({ code: 'EAI_AGAIN' });
    expect((await pod.lookup('web')).address).toBe('10.96.12.34');
    expect(fault.hits).toBe(2);
    fault.end();
    fault.end();
  });

  test('with a type, concerns that type', async () => {
    const cluster = await startShop();
    const pod = cluster.pod({ namespace: 'shop' });
    cluster.fail('web', 'SERVFAIL', { type: 'aaaa' });
    await expect(pod.resolve6(WEB)).rejects.toMatchObject({ code: 'ESERVFAIL' });
    expect(await pod.resolve4(WEB)).toEqual(['10.96.12.34']);
  });

  test('of several, the last one counts, as long as it lasts', async () => {
    const cluster = await startShop();
    const pod = cluster.pod({ namespace: 'shop' });
    cluster.fail('web', 'SERVFAIL');
    using _ = cluster.fail('*', 'NXDOMAIN', { times: 1 });
    await expect(pod.resolve4(WEB)).rejects.toMatchObject({ code: 'ENOTFOUND' });
    await expect(pod.resolve4(WEB)).rejects.toMatchObject({ code: 'ESERVFAIL' });
  });

  test('a time-out takes no time, neither real nor that of fake timers, and explain counts it', async () => {
    const cluster = await startShop();
    cluster.fail('web', 'timeout');
    vi.useFakeTimers();
    for (const [image, elapsedMs] of [
      ['debian', 10_000],
      ['alpine', 5000],
    ] as const) {
      const pod = cluster.pod({ namespace: 'shop', image });
      expect((await pod.explain('web')).elapsedMs).toBe(elapsedMs);
      await expect(pod.resolve4(WEB)).rejects.toMatchObject({ code: 'ETIMEOUT' });
    }
    expect(vi.getTimerCount()).toBe(0);
  });

  test('concerns programs outside, but not what the test asks the server itself', async () => {
    const cluster = await startShop({ listen: true });
    const { port } = cluster.address!;
    cluster.fail('web', 'SERVFAIL', { times: 2 });
    for (const tcp of [false, true]) {
      expect((await ask(port, WEB, 'A', { tcp, udpSize: 4096 })).rcode).toBe('SERVFAIL');
    }
    expect((await ask(port, WEB, 'A')).answer).toEqual(['10.96.12.34']);
    cluster.fail('web', 'SERVFAIL');
    expect(await cluster.resolve(WEB)).toEqual(['10.96.12.34']);
  });

  test.each([
    [['wbe', 'SERVFAIL'], 'the cluster has no service wbe; did you mean web?'],
    [['shop/wbe', 'SERVFAIL'], 'the cluster has no service shop/wbe; did you mean shop/web?'],
    [
      ['else/cache', 'SERVFAIL'],
      'the cluster has no service else/cache: for another name, say all of it, such as "api.example.com" or "web."',
    ],
    [['web.shop', 'SERVFAIL'], `"web.shop" is a short name: say "shop/web" or "${WEB}"`],
    [['web.shop.svc', 'SERVFAIL'], `"web.shop.svc" is a short name: say "shop/web" or "${WEB}"`],
    [['web.*', 'SERVFAIL'], '"web.*" is no pattern: "*" stands at the beginning, as in "*.example.com"'],
    [['a..b', 'SERVFAIL'], '"a..b" has an empty label'],
    [
      ['web', 'servfail'],
      'fail: failure is "servfail", it should be one of SERVFAIL, NXDOMAIN, REFUSED, timeout; did you mean SERVFAIL?',
    ],
    [['web', 'SERVFAIL', { times: 0 }], 'times is 0, it should be a whole number from 1 on'],
    [['web', 'SERVFAIL', { time: 1 }], 'a fault has no option `time`; did you mean times?'],
    [['web', 'SERVFAIL', { type: 'B' }], '"B" is not a record type'],
    [['twin', 'SERVFAIL'], 'there are 2 services called twin: say "shop/twin" or "other/twin"'],
  ])('%j is an error', async (args, message) => {
    const twin = (namespace: string) => ({ kind: 'Service', metadata: { name: 'twin', namespace } }) as const;
    const cluster = await startShop({ objects: [twin('shop'), twin('other')] });
    expect(() => cluster.fail(...(args as Parameters<typeof cluster.fail>))).toThrow(message);
  });
});

describe('delay', () => {
  test('takes time, that of fake timers, and explain counts it', async () => {
    const cluster = await startShop();
    const pod = cluster.pod({ namespace: 'shop', ...DEBIAN });
    vi.useFakeTimers();
    using delay = cluster.delay('web', 300);
    const found = vi.fn();
    const explaining = pod.explain('web').then((explanation) => {
      found();
      return explanation;
    });
    await vi.advanceTimersByTimeAsync(299);
    expect(found).not.toHaveBeenCalled();
    expect(cluster.queries().map(({ result }) => result)).toEqual(['pending', 'pending']);
    await vi.advanceTimersByTimeAsync(1);
    expect(await explaining).toMatchObject({ elapsedMs: 300, addresses: ['10.96.12.34'] });
    expect(delay.hits).toBe(1);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('beyond the time-out of a resolver, or for ever, makes it give up when that time has passed', async () => {
    const cluster = await startShop();
    const pod = cluster.pod({ namespace: 'shop', image: 'alpine' });
    vi.useFakeTimers();
    for (const delayMs of [60_000, Infinity]) {
      using _ = cluster.delay('web', delayMs);
      const failing = expect(pod.lookup('web')).rejects.toMatchObject({ code: 'EAI_AGAIN' });
      await vi.advanceTimersByTimeAsync(4999);
      expect(cluster.queries().at(-1)).toMatchObject({ result: 'pending' });
      await vi.advanceTimersByTimeAsync(1);
      await failing;
      expect(cluster.queries().at(-1)).toMatchObject({ result: 'timeout' });
      expect(vi.getTimerCount()).toBe(0);
    }
  });

  test('and fail add up', async () => {
    const cluster = await startShop();
    vi.useFakeTimers();
    cluster.delay('web', 10);
    cluster.fail('web', 'SERVFAIL');
    const failing = expect(cluster.pod({ namespace: 'shop' }).resolve4(WEB)).rejects.toMatchObject({
      code: 'ESERVFAIL',
    });
    await vi.runAllTimersAsync();
    await failing;
  });

  test('of a program outside ends with the cluster, too', async () => {
    const cluster = await startShop({ listen: true });
    cluster.delay('web', Infinity);
    const socket = createSocket('udp4').unref();
    onTestFinished(() => void socket.close());
    socket.send(encode(questionPacket(WEB, 'A', { udpSize: 1232 })), cluster.address!.port, '127.0.0.1');
    const results = () => cluster.queries().map(({ result }) => result);
    await expect.poll(results).toEqual(['pending']);
    await cluster.stop();
    await expect.poll(results).toEqual(['timeout']);
  });

  test('ends with the cluster', async () => {
    const cluster = await startShop();
    vi.useFakeTimers();
    cluster.delay('web', Infinity);
    const failing = expect(cluster.pod({ namespace: 'shop' }).resolve4(WEB)).rejects.toMatchObject({
      code: 'STOPPED',
    });
    await cluster.stop();
    await failing;
  });

  test.each([-1, Number.NaN, '5' as never])('%s is not a delay', async (delayMs) => {
    const cluster = await startShop();
    expect(() => cluster.delay('web', delayMs)).toThrow(
      /^delay: delayMs is .*, it should be a number of milliseconds from 0 on, or Infinity$/,
    );
  });
});
