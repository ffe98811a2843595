import { expect, test } from 'vitest';
import { testCluster } from '../../../test/support/cluster.ts';
import { parseReverseName } from '../../dns/reverse.ts';
import { followPrefixes } from './find.ts';

test('the prefixes are those of now, however often the cluster changes within a second', () => {
  const registry = testCluster('namespace shop\nservice shop/web 10.0.0.1');
  const { serial } = registry.followSerial('outside', () => true);
  const prefixes = followPrefixes({ registry, exposes: () => true } as never, serial);
  const has = (i: number) => prefixes().has(parseReverseName(`${i}.192.in-addr.arpa.`) as { prefix: []; family: 4 });
  for (let i = 1; i < 20; i++) {
    registry.setService({ ...registry.service('shop', 'web')!, externalIPs: [`192.${i}.0.1`] });
    expect([serial.value, has(i), has(i - 1)]).toEqual([serial.value, true, false]);
  }
});
