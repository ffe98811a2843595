import { expect, test } from 'vitest';
import { parseRecord, printRecord } from './presentation.ts';

/** Tabs as spaces, so that the rows below can be read. */
const printed = (line: string, defaults = {}) => printRecord(parseRecord(line, defaults)).replaceAll('\t', ' ');

test.each([
  ['example.org. 300 IN A 192.0.2.1'],
  ['example.org. 300 CH A 192.0.2.1'],
  ['example.org. 300 IN AAAA 2001:db8::1'],
  ['example.org. 300 IN NS ns1.example.org.'],
  ['example.org. 300 IN CNAME other.example.org.'],
  ['example.org. 300 IN DNAME other.example.org.'],
  ['example.org. 300 IN PTR other.example.org.'],
  ['example.org. 300 IN SOA ns.example.org. host\\.master.example.org. 4294967295 7200 1800 86400 30'],
  ['example.org. 300 IN MX 10 mail.example.org.'],
  ['example.org. 300 IN HINFO "x86" "Linux 6"'],
  ['example.org. 300 IN TXT "one" "two words" "a \\"quote\\" and \\\\" "\\000\\195\\164" ""'],
  ['example.org. 300 IN SPF "v=spf1 -all"'],
  ['example.org. 300 IN RP admin.example.org. .'],
  ['example.org. 300 IN AFSDB 1 afs.example.org.'],
  ['example.org. 300 IN MB host.example.org.'],
  ['example.org. 300 IN MINFO admin.example.org. errors.example.org.'],
  ['example.org. 300 IN PX 10 a.example.org. b.example.org.'],
  ['example.org. 300 IN URI 10 0 "a"'],
  ['example.org. 300 IN CAA 0 issue "ca.example.net; policy=ev"'],
  ['_dns._udp.example.org. 300 IN SRV 0 100 53 ns.example.org.'],
  ['example.org. 300 IN NAPTR 100 10 "u" "E2U+sip" "!^.*$!sip:x@example.org!" .'],
  ['example.org. 300 IN DS 60485 5 1 2BB183AF5F22588179A53B0A98631FAD1A292118'],
  ['example.org. 300 IN SSHFP 4 2 123456789ABCDEF0'],
  ['example.org. 300 IN DNSKEY 256 3 5 AQPSKmynfzW4kyBv015MUG2DeIQ='],
  ['_443._tcp.example.org. 300 IN TLSA 3 1 1 0C72AC70'],
  ['example.org. 300 IN HTTPS \\# 3 000100'],
  ['example.org. 300 IN TYPE65280 \\# 0'],
  ['a\\.b\\032c.example.org. 0 IN A 192.0.2.1'],
])('%s is printed as it is read', (line) => {
  expect(printed(line)).toBe(line);
});

test.each([
  ['www A 192.0.2.1', 'www.example.org. 60 IN A 192.0.2.1'],
  ['@ A 192.0.2.1', 'example.org. 60 IN A 192.0.2.1'],
  ['www IN 5 A 192.0.2.1', 'www.example.org. 5 IN A 192.0.2.1'],
  ['www 5 in a 192.0.2.1', 'www.example.org. 5 IN A 192.0.2.1'],
  ['www CLASS3 A 192.0.2.1', 'www.example.org. 60 CH A 192.0.2.1'],
  ['www TYPE1 192.0.2.1', 'www.example.org. 60 IN A 192.0.2.1'],
  ['www MX 10 mail', 'www.example.org. 60 IN MX 10 mail.example.org.'],
  ['www AAAA 2001:DB8:0::1', 'www.example.org. 60 IN AAAA 2001:db8::1'],
  ['www TXT bare "quoted" ; a comment', 'www.example.org. 60 IN TXT "bare" "quoted"'],
  ['www TXT "a;b" a\\;b', 'www.example.org. 60 IN TXT "a;b" "a;b"'],
  ['www TXT ä', 'www.example.org. 60 IN TXT "\\195\\164"'],
  ['@ SOA ns mail ( 1 2\n 3 4 5 )', 'example.org. 60 IN SOA ns.example.org. mail.example.org. 1 2 3 4 5'],
  ['www DS 1 2 3 ab CD', 'www.example.org. 60 IN DS 1 2 3 ABCD'],
  ['www TYPE65280 \\# 4 abcd EF01', 'www.example.org. 60 IN TYPE65280 \\# 4 ABCDEF01'],
])('%j below example.org. is %j', (line, expected) => {
  expect(printed(line, { origin: 'example.org.', ttl: 60 })).toBe(expected);
});

test.each([
  ['', 'the owner name is missing'],
  ['www', 'the type is missing'],
  ['www 5', 'the type is missing'],
  ['www NOPE 1', '"NOPE" is not a record type, in: www NOPE 1'],
  ['www A', 'address of A is missing'],
  ['www A 1.2.3', 'address of A must be an IPv4 address, not "1.2.3"'],
  ['www A ::1', 'address of A must be an IPv4 address, not "::1"'],
  ['www AAAA 1.2.3.4', 'address of AAAA must be an IPv6 address, not "1.2.3.4"'],
  ['www A 1.2.3.4 5', '"5" is too many, in: www A 1.2.3.4 5'],
  ['www 2147483648 A 1.2.3.4', 'the TTL 2147483648 is more than 2147483647'],
  ['www MX 65536 mail', 'preference of MX must be a whole number from 0 to 65535, not "65536"'],
  ['www MX ten mail', 'preference of MX must be a whole number from 0 to 65535, not "ten"'],
  ['www CNAME a..b', '"a..b" has an empty label'],
  ['www TXT "open', 'unexpected " in: www TXT "open'],
  [`www TXT ${'x'.repeat(256)}`, 'a character-string has at most 255 octets'],
  ['www TXT "\\256"', 'a character-string has the bad escape \\256'],
  ['www DS 1 2 3 xyz', 'digest of DS must be hex, not "xyz"'],
  ['www DNSKEY 1 2 3 a*b', 'key of DNSKEY must be base64, not "a*b"'],
  ['www HTTPS 1 .', 'rdata of HTTPS is written as \\# LENGTH HEX (RFC 3597)'],
  ['www TYPE65280 \\# 2 ab', '2 octets are announced'],
  ['www TYPE65280 \\# 1 abzz', 'rdata of TYPE65280 must be hex, not "abzz"'],
])('%j is an error', (line, message) => {
  expect(() => parseRecord(line)).toThrow(message);
});
