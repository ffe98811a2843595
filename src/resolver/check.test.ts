import { expect, test } from 'vitest';
import { checkResolvConf } from './check.ts';

const LONG = `search ${'a'.repeat(248)}`;

test.each([
  ['nameserver 10.0.0.1:53', ['1 error: "10.0.0.1:53" is not an IP address: a nameserver is written without port']],
  ['nameserver', ['1 error: "nameserver" has no value']],
  [
    'nameservers 10.0.0.1',
    ['1 error: "nameservers" is not a keyword: write nameserver, search, domain, options or sortlist'],
  ],
  [' search a', ['1 warning: glibc and musl ignore the line: there are blanks before "search"']],
  [LONG, ['1 warning: musl ignores the line: it has 255 octets, 254 are read at most']],
  [LONG.slice(1), ['1 error: "earch" is not a keyword: write nameserver, search, domain, options or sortlist']],
  [LONG.slice(0, -1), []],
  ['search a # b', ['1 warning: "#" does not start a comment here: it and the words after it are search domains']],
  [
    'search a .',
    ['1 warning: only glibc and c-ares understand "."; musl before 1.2.4 fails with it, others ignore it'],
  ],
  [
    'search .a',
    ['1 warning: ".a" begins with a dot: only glibc removes it, c-ares and musl before 1.2.4 fail with it'],
  ],
  ['search a b c d e f', []],
  [
    'search a b c d e f g',
    ['1 warning: 7 search domains in 13 octets: glibc before 2.26 cuts off at 6 domains and 256 octets'],
  ],
  ['search a\n\ndomain b', ['1 warning: the "search" line has no effect: line 3 replaces it']],
  ['options ndots:5 timeout:30 attempts:5 rotate edns0', []],
  ['options ndots:five', ['1 error: "ndots:five" needs a whole number, such as ndots:15']],
  ['options ndots', ['1 error: "ndots" needs a whole number, such as ndots:15']],
  ['options ndots:16', ['1 warning: "ndots:16" is cut to 15 by glibc']],
  [
    'options timeout:0',
    ['1 warning: "timeout:0" makes musl fail at once; 1 is the lowest value that works everywhere'],
  ],
  ['options no-aaaa', ['1 warning: the option "no-aaaa" is known only to glibc since 2.36']],
  ['options -rotate', []],
  ['options toString', ['1 error: the option "toString" is unknown']],
  [
    'nameserver 10.0.0.1\nnameserver 10.0.0.2\nnameserver 10.0.0.3\nnameserver 10.0.0.4',
    ['4 warning: nameserver 10.0.0.4 is never asked: glibc, musl and Go use the first 3'],
  ],
])('%j', (text, expected) => {
  expect(checkResolvConf(text).map(({ line, severity, message }) => `${line} ${severity}: ${message}`)).toEqual(
    expected,
  );
});
