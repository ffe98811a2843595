import { expect, onTestFinished, test } from 'vitest';
import { fakeClock } from '../../../test/support/clock.ts';
import { datagramClient, datagramContract, silentLog } from '../../../test/support/datagram-contract.ts';
import { createLogger } from '../../observe/log.ts';
import { openPortableUdp } from './portable-udp.ts';
import { INTERFACES_INTERVAL_MS } from './portable-udp-sockets.ts';

datagramContract('node:dgram', openPortableUdp);

/** Lets everything that was begun come to an end: binds take a few turns of the event loop. */
async function turns(): Promise<void> {
  for (let i = 0; i < 20; i++) await new Promise(setImmediate);
}

test('a reply that the system refuses is counted', async () => {
  const options = { address: '127.0.0.1', port: 0, clock: fakeClock(), log: silentLog };
  const listener = await openPortableUdp(options, ({ bytes }) => (bytes[0] === 0x78 ? Buffer.alloc(70_000) : bytes));
  onTestFinished(() => listener.close(0));
  const client = datagramClient('127.0.0.1');
  client.send('x', listener.port);
  await client.ask('y', listener.port);
  expect(listener.stats).toEqual({ sendErrors: 1, receiveErrors: 0, stale: 0 });
});

test('a wildcard listener follows the addresses of the machine', async () => {
  const clock = fakeClock();
  let addresses = ['127.0.0.1'];
  const options = { address: '0.0.0.0', port: 0, clock, log: silentLog, addresses: () => addresses };
  const listener = await openPortableUdp(options, ({ local }) => Buffer.from(local.address));
  onTestFinished(() => listener.close(0));
  const asked = async (address: string) => (await datagramClient(address).ask('?', listener.port)).bytes.toString();

  expect([await asked('127.0.0.1'), await asked('127.0.0.2')]).toEqual(['127.0.0.1', '0.0.0.0']);
  addresses = ['127.0.0.2'];
  clock.advance(INTERFACES_INTERVAL_MS);
  await turns();
  expect([await asked('127.0.0.1'), await asked('127.0.0.2')]).toEqual(['0.0.0.0', '127.0.0.2']);
});

test('an address that cannot be bound is said once, and served once it can be', async () => {
  const clock = fakeClock();
  const lines: string[] = [];
  const log = createLogger((_, line) => lines.push(line));
  const options = { address: '0.0.0.0', port: 0, clock, log, addresses: () => ['203.0.113.77', '127.0.0.1'] };
  const listener = await openPortableUdp(options, ({ local }) => Buffer.from(local.address));
  onTestFinished(() => listener.close(0));
  clock.advance(INTERFACES_INTERVAL_MS);
  await turns();
  expect((await datagramClient('127.0.0.1').ask('?', listener.port)).bytes.toString()).toBe('127.0.0.1');
  expect(lines).toEqual([
    `[WARNING] cannot listen on UDP 203.0.113.77:${listener.port}: this machine does not have that address, or not yet; until then the wildcard socket serves it`,
  ]);
});

test('addresses that cannot be read leave the sockets as they are', async () => {
  const clock = fakeClock();
  const lines: string[] = [];
  let broken = false;
  const addresses = () => {
    if (broken) throw new Error('no such call');
    return ['127.0.0.1'];
  };
  const log = createLogger((_, line) => lines.push(line));
  const listener = await openPortableUdp({ address: '0.0.0.0', port: 0, clock, log, addresses }, ({ local }) =>
    Buffer.from(local.address),
  );
  onTestFinished(() => listener.close(0));
  broken = true;
  clock.advance(INTERFACES_INTERVAL_MS);
  await turns();
  expect((await datagramClient('127.0.0.1').ask('?', listener.port)).bytes.toString()).toBe('127.0.0.1');
  expect(lines).toEqual([`[WARNING] the machine's addresses cannot be read: no such call`]);
});
