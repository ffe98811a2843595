import { expect, test } from 'vitest';
import { parseName } from '../../../dns/name.ts';
import type { DnsEndpoint, Ingress } from '../../../registry/declared-records.ts';
import { type EndpointSlice, isSame, type Pod, type Service } from '../../../registry/records.ts';
import { printRecord, readRecord } from './records.ts';

const PORTS = [{ name: 'http', protocol: 'tcp', port: 80 }];
const SERVICE: Service = {
  ...{ namespace: 'shop', name: 'web', type: 'ClusterIP', headless: false, clusterIPs: ['10.0.0.1', 'fd00::1'] },
  ...{ externalName: '', ports: PORTS, externalIPs: [] },
};
const SLICE: EndpointSlice = {
  ...{ namespace: 'shop', name: 'web-1', service: 'web', ports: PORTS },
  endpoints: [
    { address: '10.1.0.1' },
    { address: '10.1.0.2', hostname: 'a', podName: undefined, zone: 'eu-1' },
    { address: '10.1.0.3', hostname: undefined, podName: 'web-0', zone: undefined },
  ],
};
const POD: Pod = { namespace: 'shop', name: 'p', ips: ['10.1.0.1'], hostNetwork: false, labels: { app: 'é\n"' } };
const TARGETS = { addresses: ['192.0.2.1'], hostnames: [parseName('lb.example.')] };
const INGRESS: Ingress = {
  ...{ namespace: 'shop', name: 'web', createdMs: 1, className: '' },
  ...{ hosts: [parseName('*.shop.example.')], targets: TARGETS },
};
const DECLARED: DnsEndpoint = {
  ...{ namespace: 'shop', name: 'dns', createdMs: 2 },
  records: [
    { name: parseName('a.example.'), type: 65280, ttl: undefined, data: { octets: Buffer.from([0, 255, 10]) } },
    { name: parseName('a.example.'), type: 65281, ttl: 5, data: { octets: new Uint8Array([1, 2]) } },
  ],
};

test.each([
  ['namespace', { name: 'shop' }],
  ['service', SERVICE],
  ['slice', SLICE],
  ['pod', POD],
  ['ingress', INGRESS],
] as const)('a record of the kind %s comes back as it was', (kind, record) => {
  const read = readRecord(printRecord(kind, record));
  expect(read?.kind).toBe(kind);
  expect(isSame(read?.record, record)).toBe(true);
});

test('octets come back as octets', () => {
  const { records } = readRecord(printRecord('dns-endpoint', DECLARED))!.record as DnsEndpoint;
  const octets = records.map(({ data }) => [...(data as { octets: Uint8Array }).octets]);
  expect(octets).toEqual([
    [0, 255, 10],
    [1, 2],
  ]);
  expect(records.map(({ ttl }) => ttl)).toEqual([undefined, 5]);
});

test('parts that very many records have are shared, as with those that are made of objects', () => {
  const [one, two] = [SERVICE, SLICE].map(
    (record, i) => readRecord(printRecord(i ? 'slice' : 'service', record))!.record,
  );
  expect((one as Service).ports).toBe((two as EndpointSlice).ports);
  expect(Object.keys((two as EndpointSlice).endpoints[0]!)).toEqual(['address']);
});

test.each(['["service"]', '["service",null]', '["service",{"namespace":"a"}]', '{}', '"service"'])(
  '%s is no record',
  (line) => {
    let read: unknown;
    try {
      read = readRecord(line);
    } catch {}
    expect(read).toBeUndefined();
  },
);
