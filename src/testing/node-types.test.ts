import type dns from 'node:dns';
import type promises from 'node:dns/promises';
import type { RequestOptions } from 'node:http';
import type { LookupFunction, TcpNetConnectOpts } from 'node:net';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { startCluster } from './index.ts';

/** As axios declares its option `lookup`. */
type AxiosEntry = { address: string; family?: 4 | 6 | undefined };
type AxiosAddress = string | AxiosEntry;
type AxiosLookup =
  | ((
      hostname: string,
      options: object,
      cb: (err: Error | null, address: AxiosAddress | AxiosAddress[], family?: 4 | 6 | undefined) => void,
    ) => void)
  | ((
      hostname: string,
      options: object,
    ) => Promise<[address: AxiosEntry | AxiosEntry[], family?: 4 | 6 | undefined] | AxiosAddress>);

/** `tsc` is what judges these. */
test('a pod goes where a program takes a resolver or a lookup, without an adapter', async () => {
  const cluster = await startCluster();
  onTestFinished(() => cluster.stop());
  const pod = cluster.pod({ namespace: 'shop' });
  const resolver: promises.Resolver = pod;
  const constructed: promises.Resolver = new pod.Resolver({ timeout: 100, tries: 1 });
  const Class: typeof promises.Resolver = pod.Resolver;
  const lookup: typeof promises.lookup = pod.lookup;
  const withCallback: (...args: Parameters<typeof dns.lookup>) => void = pod.lookup;
  const ofNet: LookupFunction = pod.lookup;
  const ofHttp: RequestOptions = { lookup: pod.lookup };
  const ofConnect: TcpNetConnectOpts = { port: 80, lookup: pod.lookup };
  const ofAxios: AxiosLookup = pod.lookup;
  const picked: Pick<typeof promises, 'lookup' | 'resolve4' | 'resolveSrv' | 'reverse' | 'Resolver'> = pod;
  const given = [resolver, constructed, Class, lookup, withCallback, ofNet, ofHttp, ofConnect, ofAxios, picked];
  expect(given.every(Boolean)).toBe(true);
  const one: { address: string; family: number } = await pod.lookup('127.0.0.1');
  const all: { address: string; family: number }[] = await pod.lookup('127.0.0.1', { all: true });
  expect([one, all]).toEqual([{ address: '127.0.0.1', family: 4 }, [one]]);
  expect(await promisify(pod.lookup)('127.0.0.1')).toEqual(one);
});
