import { expect, test } from 'vitest';
import { MAX_GENERATED } from './generate.ts';
import { printRecord } from './presentation.ts';
import { MAX_INCLUDE_DEPTH, zoneFileSteps } from './zone-file.ts';

const FILES: Readonly<Record<string, string>> = {
  sub: 'a A 192.0.2.1\n$ORIGIN elsewhere.test.\n$TTL 1\nb A 192.0.2.2\n',
  broken: '\nb A x\n',
  many: `$GENERATE 2-${MAX_GENERATED} a$ 5 A 1.2.3.4\n`,
  self: '$INCLUDE self\n',
};

/** The records of a zone file of example.org., blanks for tabs. */
function read(text: string): string[] {
  const records: string[] = [];
  const steps = zoneFileSteps(text, {
    file: 'db',
    origin: 'example.org.',
    include(path, from) {
      expect(Object.keys(FILES).concat('db')).toContain(from);
      if (FILES[path] === undefined) throw new Error(`${path} is not there`);
      return { file: path, text: FILES[path] };
    },
    add: (record) => records.push(printRecord(record).replaceAll('\t', ' ')),
  });
  for (const _ of steps);
  return records;
}

test.each<[string, string[]]>([
  ['$TTL 60\n@ A 192.0.2.1\n  A 192.0.2.2', ['example.org. 60 IN A 192.0.2.1', 'example.org. 60 IN A 192.0.2.2']],
  [
    'a 5 IN A 192.0.2.1\nb IN 1h30m A 192.0.2.1',
    ['a.example.org. 5 IN A 192.0.2.1', 'b.example.org. 5400 IN A 192.0.2.1'],
  ],
  ['a 5 A 192.0.2.1\nb A 192.0.2.1', ['a.example.org. 5 IN A 192.0.2.1', 'b.example.org. 5 IN A 192.0.2.1']],
  ['$TTL 9\na 5 A 192.0.2.1\nb A 192.0.2.1', ['a.example.org. 5 IN A 192.0.2.1', 'b.example.org. 9 IN A 192.0.2.1']],
  [
    '\ufeffa 5 A 192.0.2.1\r\n\tA 192.0.2.2\r\n',
    ['a.example.org. 5 IN A 192.0.2.1', 'a.example.org. 5 IN A 192.0.2.2'],
  ],
  [
    '@ IN SOA ns mail ( ; who\n 1 ; serial\n 2h 1h\n 2W 30 )\n NS ns',
    [
      'example.org. 30 IN SOA ns.example.org. mail.example.org. 1 7200 3600 1209600 30',
      'example.org. 30 IN NS ns.example.org.',
    ],
  ],
  ['a 5 TXT "semi;colon (" b\\;c ; comment\n; comment\n   \n', ['a.example.org. 5 IN TXT "semi;colon (" "b;c"']],
  [
    '$ORIGIN sub\na 5 MX 1 b\n$ORIGIN c.test.\n@ 5 MX 1 d.',
    ['a.sub.example.org. 5 IN MX 1 b.sub.example.org.', 'c.test. 5 IN MX 1 d.'],
  ],
  ['\\$a 5 A 192.0.2.1', ['\\$a.example.org. 5 IN A 192.0.2.1']],
  [
    '$TTL 7\nx A 192.0.2.9\n$INCLUDE sub s\n A 192.0.2.3\ny A 192.0.2.4',
    [
      'x.example.org. 7 IN A 192.0.2.9',
      'a.s.example.org. 7 IN A 192.0.2.1',
      'b.elsewhere.test. 1 IN A 192.0.2.2',
      'x.example.org. 7 IN A 192.0.2.3',
      'y.example.org. 7 IN A 192.0.2.4',
    ],
  ],
  [
    '$GENERATE 1-3/2 host-$ 5 A 192.0.2.$',
    ['host-1.example.org. 5 IN A 192.0.2.1', 'host-3.example.org. 5 IN A 192.0.2.3'],
  ],
  [`$GENERATE 9-9 h\${1,3,d} 5 CNAME \\$\${0,4,X}`, ['h010.example.org. 5 IN CNAME \\$0009.example.org.']],
  ['(a) 5 A (\n192.0.2.1\n)\n', ['a.example.org. 5 IN A 192.0.2.1']],
])('%j', (text, records) => {
  expect(read(text)).toEqual(records);
});

test.each([
  ['\n A 192.0.2.1', 'db:2: the first record must have an owner name'],
  ['a A 192.0.2.1', 'db:1: the first record must have a TTL, or there must be a $TTL before it'],
  ['a 5 A (\n\n192.0.2.x )', 'db:1: address of A must be an IPv4 address, not "192.0.2.x"'],
  ['a 5 A 192.0.2.1\n\nb 5 A (\n192.0.2.1\n', 'db:3: a parenthesis is not closed'],
  ['a 5 A 192.0.2.1 )', 'db:1: a closing parenthesis without an opening one'],
  ['a 5 TXT ( (', 'db:1: a parenthesis inside a parenthesis'],
  ['a 5 TXT "open\nb"', 'db:1: a quoted string does not end on its line'],
  ['a 5 TXT x\\', 'db:1: unexpected \\'],
  ['$NOPE', 'db:1: $NOPE is unknown: expecting $ORIGIN, $TTL, $INCLUDE or $GENERATE'],
  ['$TTL 1 2', 'db:1: unexpected "2" after $TTL'],
  ['$TTL x', 'db:1: the TTL must be a number of seconds such as 3600 or 1h, not "x"'],
  ['$TTL 4294967295', 'db:1: the TTL must be a number of seconds'],
  ['$ORIGIN', 'db:1: the name is missing'],
  ['$INCLUDE nowhere', 'db:1: nowhere is not there'],
  ['\n$INCLUDE broken', 'broken:2: address of A must be an IPv4 address, not "x"'],
  ['$INCLUDE self', `self:1: files include each other more than ${MAX_INCLUDE_DEPTH} deep`],
  ['$GENERATE 3-1 a A 1.2.3.4', 'db:1: the range must be START-STOP or START-STOP/STEP, not "3-1"'],
  ['$GENERATE 1-2/0 a A 1.2.3.4', 'db:1: the range must be'],
  ['$GENERATE 1-2 a A', 'db:1: $GENERATE needs a range, an owner name, a type and rdata'],
  [`$GENERATE 0-${MAX_GENERATED} a A 1.2.3.4`, `db:1: $GENERATE makes more than ${MAX_GENERATED} records`],
  [
    `$GENERATE 1-${MAX_GENERATED} a$ 5 A 1.2.3.4\n$GENERATE 1-1 b A 1.2.3.4`,
    `db:2: $GENERATE makes more than ${MAX_GENERATED} records in this zone`,
  ],
  ['$INCLUDE many\n$GENERATE 1-2 b 5 A 1.2.3.4', `db:2: $GENERATE makes more than ${MAX_GENERATED} records`],
  [
    `$GENERATE 1-1 a\${x} A 1.2.3.4`,
    `db:1: the modifiers must be \${OFFSET,WIDTH,BASE} with a base of d, o, x or X, not "x"`,
  ],
  [`$GENERATE 1-1 a\${-2} A 1.2.3.4`, 'db:1: $GENERATE comes to -1, which is below zero'],
  ['@ 5 SOA ns mail 1 2 3 x 5', 'db:1: expire of SOA must be a number of seconds such as 3600 or 1h30m, not "x"'],
])('%j is an error', (text, message) => {
  expect(() => read(text)).toThrow(message);
});
