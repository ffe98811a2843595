import { expect, test } from 'vitest';
import { parseResolvConf, printResolvConf } from './resolv-conf.ts';

test('reads what the file means to say, with no limits', () => {
  const text = `# made by hand
; nameserver 192.0.2.9
domain old.test
nameserver 10.96.0.10
nameserver fe80::1%eth0
nameserver 2001:DB8::0:1
nameserver example.test
\tsearch a.test  b.test. .
options ndots:5 rotate
options ndots:2
sortlist 10.0.0.0/8
`;
  expect(parseResolvConf(text)).toEqual({
    nameservers: ['10.96.0.10', 'fe80::1%eth0', '2001:db8::1'],
    search: ['a.test', 'b.test.', '.'],
    options: [{ name: 'ndots', value: '5' }, { name: 'rotate' }, { name: 'ndots', value: '2' }],
  });
});

test.each([
  ['search a b\ndomain c d\n', ['c']],
  ['domain c\nsearch a b\n', ['a', 'b']],
  ['search a\nsearch b\n', ['b']],
  ['nameserver 10.0.0.1\n', []],
  ['', []],
])('the last search or domain line of %j counts', (text, search) => {
  expect(parseResolvConf(text).search).toEqual(search);
});

test('what is printed is read again', () => {
  const text = 'search a.test b.test\nnameserver 10.0.0.1\nnameserver ::1\noptions ndots:5 rotate\n';
  expect(printResolvConf(parseResolvConf(text))).toBe(text);
  expect(printResolvConf({ nameservers: [], search: [], options: [] })).toBe('');
});
