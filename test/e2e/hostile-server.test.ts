import fc from 'fast-check';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { run } from '../../src/cli/run.ts';
import { arbitraryName, arbitraryRecord, recordTypes } from '../support/arbitrary-message.ts';
import { PATIENT } from '../support/patience.ts';
import { answerTo, type ScriptedUpstream, startUpstream } from '../support/upstream.ts';

/** What controls a terminal, or changes the order or look of the text around it. Line feeds are the program's own. */
const RULES_TERMINAL = /[^\P{Cc}\n]|[\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;
/** A line of its own that a server made up. */
const FORGED = /^\s*FORGED/m;

const hostile = fc
  .array(fc.constantFrom('\nFORGED', '\r\nFORGED', '\x1b[2J', '\x9b31m', '\u202e', '\u2028FORGED', '\0', '"}', 'ü'), {
    minLength: 1,
    maxLength: 4,
  })
  .map((parts) => `x${parts.join('')}`);

/** A label with the same, in zone-file text. */
const LABEL = '\\010FORGED\\027[2J';
const name = fc.oneof(arbitraryName, fc.constant(`${LABEL}.example.`));

const header = fc.record({
  rcode: fc.constantFrom(0, 0, 0, 2, 3, 5, 11, 4095),
  answer: fc.array(
    fc
      .tuple(fc.oneof(...recordTypes.map(arbitraryRecord)), fc.option(name), fc.boolean())
      .map(([record, name, isOwn]) => ({ record, name, isOwn })),
    { maxLength: 4 },
  ),
  cname: fc.option(name),
  error: fc.option(fc.tuple(fc.nat(30), hostile)),
});

let upstream: ScriptedUpstream;
const printed = { stdout: '', stderr: '' };

beforeEach(async () => {
  upstream = await startUpstream();
  for (const stream of ['stdout', 'stderr'] as const) {
    vi.spyOn(process[stream], 'write').mockImplementation((text) => {
      printed[stream] += text;
      return true;
    });
  }
});

afterEach(async () => {
  vi.restoreAllMocks();
  await upstream.close();
});

const lookups: fc.Arbitrary<readonly string[]> = fc.constantFrom(
  ['web', '-n', 'shop'],
  ['web', '-n', 'shop', '--trace'],
  ['web', '-n', 'shop', '--json'],
  ['www.example.org.', 'TXT', '--trace'],
  ['www.example.org.', 'CNAME', '--json'],
  ['www.example.org.', 'TYPE65280'],
  ['www.example.org.', 'A', '--runtime', 'node', '--trace'],
  ['192.0.2.1', '--trace'],
  ['_x._tcp.web', 'SRV', '-n', 'shop', '--json'],
);

test(
  'nothing that a server sends forges a line of `cairn lookup` or rules a terminal',
  async () => {
    let failures = 0;
    const property = fc.asyncProperty(header, lookups, async ({ rcode, answer, cname, error }, words) => {
      upstream.on((query) => {
        const [question] = query.message.questions;
        const records = answer.map(({ record, name, isOwn }) => ({
          ...record,
          name: isOwn ? question!.name : (name ?? record.name),
          class: 1,
        }));
        const chain =
          cname === null ? [] : [{ name: question!.name, type: 5, class: 1, ttl: 1, data: { target: cname } }];
        const options = error
          ? [{ code: 15, data: Buffer.concat([Buffer.from([0, error[0]]), Buffer.from(error[1])]) }]
          : [];
        const edns = { udpSize: 1232, version: 0, do: false, options };
        query.reply(answerTo(query.message, [], { rcode, answer: [...chain, ...records] as never, edns }));
      });
      printed.stdout = printed.stderr = '';
      const args = ['lookup', ...words, `--server=${upstream.endpoint}`, '--timeout', '200ms'];
      const thrown = await run(args).catch((error: Error) => error.message);
      const { stdout, stderr } = printed;
      if (stderr !== '') failures++;
      const shown = `${stdout}${stderr}${typeof thrown === 'string' ? thrown : ''}`;
      expect(shown).not.toMatch(RULES_TERMINAL);
      expect(shown).not.toMatch(FORGED);
      if (words.includes('--json') && stdout !== '') expect(() => JSON.parse(stdout)).not.toThrow();
    });
    await fc.assert(property, { numRuns: 100 });
    expect(failures).toBeGreaterThan(0);
  },
  PATIENT.timeout * 4,
);
