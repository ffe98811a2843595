import { expect, test } from 'vitest';
import { parseRecord, printRecord } from './presentation.ts';
import { HTTPS, isOfType } from './rr.ts';
import { SvcParam, withoutParam } from './svc-params.ts';

function paramsOf(text: string): Uint8Array {
  const record = parseRecord(`a. 1 IN HTTPS 1 . ${text}`);
  return isOfType(record, HTTPS) ? record.data.params : new Uint8Array();
}

test.each([
  ['alpn=h2 ipv4hint=192.0.2.1 ipv6hint=2001:db8::1', 'alpn="h2" ipv4hint=192.0.2.1'],
  ['mandatory=alpn,ipv6hint alpn=h2 ipv6hint=2001:db8::1', 'mandatory=alpn alpn="h2"'],
  ['mandatory=ipv6hint ipv6hint=2001:db8::1', ''],
])('%s without ipv6hint', (before, after) => {
  const params = withoutParam(paramsOf(before), SvcParam.ipv6hint);
  const printed = printRecord({ ...parseRecord('a. 1 IN HTTPS 1 .'), data: { priority: 1, target: '.', params } });
  expect(printed.replaceAll('\t', ' ').replace('a. 1 IN HTTPS 1 . ', '').replace('a. 1 IN HTTPS 1 .', '')).toBe(after);
});

test('parameters without the key, and malformed ones, stay the same', () => {
  const others = paramsOf('alpn=h2 port=443');
  expect(withoutParam(others, SvcParam.ipv6hint)).toBe(others);
  for (const cut of [1, 5]) {
    const malformed = paramsOf('ipv6hint=2001:db8::1').slice(0, -cut);
    expect(withoutParam(malformed, SvcParam.ipv6hint)).toBe(malformed);
  }
  const surplus = Uint8Array.of(...paramsOf('ipv6hint=2001:db8::1'), 0);
  expect(withoutParam(surplus, SvcParam.ipv6hint)).toBe(surplus);
});
