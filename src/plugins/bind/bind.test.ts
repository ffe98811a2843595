import { expect, test } from 'vitest';
import { parsePlugin } from '../../../test/support/plugin.ts';
import { printPosition } from '../../corefile/position.ts';
import type { BindTarget } from '../../plugin/plugin.ts';
import bind from './index.ts';

const print = (targets: readonly BindTarget[]) =>
  targets.map(({ text, position }) => `${text} ${printPosition(position)}`);

test.each([
  ['bind 127.0.0.1', ['127.0.0.1 Corefile:1:6'], []],
  ['bind 169.254.20.10 10.96.0.10', ['169.254.20.10 Corefile:1:6', '10.96.0.10 Corefile:1:20'], []],
  ['bind lo\nbind fe80::1%eth0', ['lo Corefile:1:6', 'fe80::1%eth0 Corefile:2:6'], []],
  [
    'bind eth0 lo {\n except 127.0.0.1 ::1\n except eth1\n}',
    ['eth0 Corefile:1:6', 'lo Corefile:1:11'],
    ['127.0.0.1 Corefile:2:9', '::1 Corefile:2:19', 'eth1 Corefile:3:9'],
  ],
])('%j', (body, addresses, except) => {
  const settings = bind.settings!(parsePlugin(bind, body));
  expect(print(settings.bind!.addresses)).toEqual(addresses);
  expect(print(settings.bind!.except)).toEqual(except);
});

test.each([
  ['bind', 'Corefile:1:1 - Error during parsing: at least one address or interface name is expected'],
  ['bind lo\nbind', 'Corefile:2:1 - Error during parsing: at least one address or interface name is expected'],
  ['bind lo {\n except\n}', 'Corefile:2:2 - Error during parsing: at least one address or interface name is expected'],
  ['bind lo {\n without ::1\n}', "Corefile:2:2 - Error during parsing: unknown property 'without'"],
])('%j is an error', (body, message) => {
  expect(() => parsePlugin(bind, body)).toThrow(message);
});
