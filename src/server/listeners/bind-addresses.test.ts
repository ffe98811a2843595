import { expect, test } from 'vitest';
import { directives } from '../../../test/support/directive.ts';
import { INTERFACES } from '../../../test/support/interfaces.ts';
import { parseContext } from '../../../test/support/plugin.ts';
import bind from '../../plugins/bind/index.ts';
import { bindAddresses } from './bind-addresses.ts';

const resolve = (addresses: string, except: string) => {
  const body = `bind ${addresses}${except && ` {\n except ${except}\n}`}`;
  const settings = bind.settings!(bind.parse(directives(body), parseContext()));
  return bindAddresses(settings.bind!, INTERFACES);
};

test.each([
  ['10.0.0.9', '', '10.0.0.9'],
  ['eth0', '', '10.0.0.5 2001:db8::5 fe80::1%eth0'],
  ['lo eth1', '', '127.0.0.1 ::1 10.1.0.5'],
  ['10.1.0.5 eth1', '', '10.1.0.5'],
  ['lo eth0', '::1 2001:DB8::5 fe80::1%eth0', '127.0.0.1 10.0.0.5'],
  ['eth0 eth1', 'eth0', '10.1.0.5'],
  ['fe80::1%eth0', '', 'fe80::1%eth0'],
])('bind %j except %j means %j', (addresses, except, expected) => {
  expect(resolve(addresses, except).join(' ')).toBe(expected);
});

test.each([
  ['eth9', '', '1:6', 'not a valid IP address or interface name: "eth9"'],
  ['lo 10.0.0.300', '', '1:9', 'not a valid IP address or interface name: "10.0.0.300"'],
  ['eth0', 'toString', '2:9', 'not a valid IP address or interface name: "toString"'],
  ['eth0', 'eth0', '1:6', 'no address to listen on is left of: eth0 except eth0'],
  ['down', '', '1:6', 'no address to listen on is left of: down'],
])('bind %j except %j is an error at %s', (addresses, except, place, detail) => {
  expect(() => resolve(addresses, except)).toThrow(`Corefile:${place} - Error during parsing: plugin/bind: ${detail}`);
});
