import { expect, onTestFinished, test, vi } from 'vitest';
import { fakeClock } from '../../../test/support/clock.ts';
import { silentLog } from '../../../test/support/datagram-contract.ts';
import { loadMachinery } from '../native/batched-udp.ts';
import type { UdpKind } from '../transport.ts';
import { openUdp, UDP_VARIABLE } from './udp.ts';

const best: UdpKind = (await loadMachinery()) ? 'batched' : 'portable';

async function kindOf(wanted: string | undefined, kind?: UdpKind): Promise<UdpKind> {
  vi.stubEnv(UDP_VARIABLE, wanted);
  onTestFinished(() => void vi.unstubAllEnvs());
  const options = { address: '127.0.0.1', port: 0, clock: fakeClock(), log: silentLog, ...(kind && { kind }) };
  const listener = await openUdp(options, () => undefined);
  await listener.close(0);
  return listener.kind;
}

test.each<[string | undefined, UdpKind | undefined, UdpKind]>([
  [undefined, undefined, best],
  ['', undefined, best],
  ['portable', undefined, 'portable'],
  [best, undefined, best],
  [best, 'portable', 'portable'],
  ['portable', best, best],
])('with %j in the environment and %j asked for, UDP is %s', async (wanted, kind, expected) => {
  expect(await kindOf(wanted, kind)).toBe(expected);
});

test('a kind that does not exist is an error', async () => {
  await expect(kindOf('fast')).rejects.toThrow('CAIRN_UDP must be "batched" or "portable", not "fast"');
});
