import { expect, test } from 'vitest';
import { directives } from '../../test/support/directive.ts';
import { pageAddress } from './arguments.ts';

const argument = (text: string) => directives(`health ${text}`)[0]!.args[0];

test.each(['', ':8080', 'localhost:8080', '10.0.0.1:8080', '[2001:db8::1]:8080'])('address "%s"', (text) => {
  expect(pageAddress(argument(text), ':1')).toBe(text || ':1');
});

test.each(['localhost', '8080', ':65536', '2001:db8::1:8080', '[10.0.0.1]:80'])('address "%s" is an error', (text) => {
  expect(() => pageAddress(argument(text), ':1')).toThrow(/^Corefile:1:8 - .* is not an address to listen on/);
});
