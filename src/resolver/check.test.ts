import { expect, test } from 'vitest';
import { checkResolvConf } from './check.ts';

const LONG = `search ${'a'.repeat(248)}`;

test.each([
  ['nameserver 10.0.0.1:53', ['1 error: "10.0.0.1:53" is no IP address; a nameserver is written without port']],
  ['nameserver', ['1 error: "nameserver" has no value']],
  [
    'nameservers 10.0.0.1',
    ['1 error: "nameservers" is no keyword; nameserver, search, domain, options and sortlist are'],
  ],
  [' search a', ['1 warning: glibc and musl pass over the line: blanks stand before "search"']],
  [LONG, ['1 warning: musl passes over the line: it has 255 octets, 254 are read at most']],
  [LONG.slice(1), ['1 error: "earch" is no keyword; nameserver, search, domain, options and sortlist are']],
  [LONG.slice(0, -1), []],
  ['search a # b', ['1 warning: "#" is no comment here: what follows are search domains like the others']],
  [
    'search a .',
    ['1 warning: "." is understood by glibc and c-ares only; musl before 1.2.4 fails at it, others pass it over'],
  ],
  ['search .a', ['1 warning: ".a" begins with a dot: only glibc drops it, c-ares and musl before 1.2.4 fail at it']],
  ['search a b c d e f', []],
  [
    'search a b c d e f g',
    ['1 warning: 7 search domains in 13 octets: glibc before 2.26 cuts off at 6 domains and 256 octets'],
  ],
  ['search a\n\ndomain b', ['1 warning: the "search" line counts for nothing: line 3 replaces it']],
  ['options ndots:5 timeout:30 attempts:5 rotate edns0', []],
  ['options ndots:five', ['1 error: "ndots:five" needs a whole number, such as ndots:15']],
  ['options ndots', ['1 error: "ndots" needs a whole number, such as ndots:15']],
  ['options ndots:16', ['1 warning: "ndots:16" is cut to 15 by glibc']],
  ['options timeout:0', ['1 warning: "timeout:0" makes musl fail at once; 1 is the least that works everywhere']],
  ['options no-aaaa', ['1 warning: the option "no-aaaa" is known to glibc since 2.36 only']],
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
