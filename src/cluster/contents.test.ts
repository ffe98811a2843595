import { expect, test } from 'vitest';
import { NO_PORT } from '../registry/records.ts';
import { backendsOf, hasProtocol } from './contents.ts';

const backend = (protocol: string, port: number) => ({
  ...{ label: 'a', address: '10.0.0.1' },
  ports: [{ name: 'x', protocol, port }],
});

test.each([
  [[backend('udp', 53)], 'udp', true],
  [[backend('udp', 53)], 'tcp', false],
  [[backend('udp', 53)], '', true],
  [[backend('tcp', NO_PORT)], 'tcp', false],
  [[backend('tcp', NO_PORT)], '', false],
  [[], '', false],
])('whether %j have the protocol %j: %j; very many endpoints are looked at once', (list, protocol, expected) => {
  let looks = 0;
  const backends = {
    ...backendsOf('headless', { namespace: 'shop', service: 'db' }, []),
    get list() {
      looks++;
      return list;
    },
  };
  for (let i = 0; i < 3; i++) expect(hasProtocol(backends, protocol)).toBe(expected);
  expect(looks).toBe(1);
});
