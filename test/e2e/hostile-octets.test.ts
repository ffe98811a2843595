import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Message } from '../../src/dns/message.ts';
import { foldName } from '../../src/dns/name.ts';
import { encodeMessage } from '../../src/dns/wire/encode.ts';
import { printRecord } from '../../src/observe/log.ts';
import { definePlugin } from '../../src/plugin/plugin.ts';
import { createReply } from '../../src/plugin/reply.ts';
import { arbitraryMessage, arbitraryName } from '../support/arbitrary-message.ts';
import { folderWith } from '../support/folder.ts';
import { PATIENT } from '../support/patience.ts';
import { startServer } from '../support/server.ts';

const CLUSTER =
  '{apiVersion: v1, kind: Service, metadata: {namespace: shop, name: web}, spec: {clusterIP: 10.96.0.20, ports: [{port: 80}]}}';
const LABELS = ['kind', 'service', 'namespace', 'endpoint', 'port-name', 'protocol', 'zone', 'parse-error'];

/** Every value that a line can have; those of the client are between bars. */
const FORMAT = `{combined}|{name}|{type}|{class}|{local}|{/log/class}|{/log/type}|${LABELS.map((label) => `{/kubernetes/${label}}`).join('|')}|end`;

const corefile = () => `. {
  root ${folderWith({ 'cluster.yaml': CLUSTER })}
  metadata
  debug
  errors
  chaos
  log . "${FORMAT}"
  kubernetes cluster.local {
    manifests cluster.yaml
    zonal
  }
  template ANY ANY fails.test {
    answer "{{ .Name }} 60 IN A {{ .Name }}"
  }
}`;

/** No character that ends a line, controls a terminal, or changes the order or look of others. */
const HARMLESS = /^[^\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]*$/u;
const LEVEL = /^\[(?:DEBUG|INFO|WARNING|ERROR|FATAL)\] /;

/** The start of a line. A field has neither blanks nor quotes without a backslash. */
const QUERY =
  /^\[INFO\] 192\.0\.2\.9:4242 - (\d+) "(\S+) (\S+) ((?:[^\s"\\]|\\\S)+) (udp|tcp) (\d+) (true|false) (\d+)" (\S+) (\S+) (\S+) [\d.]+s "\d+"\|/;

/** Octets that would be a line of their own, end a string, or rule a terminal, in labels among others. */
const hostile = fc.constantFrom(
  '\\010[INFO]\\032forged.',
  '\\013\\010{\\"level\\":\\"INFO\\"}.',
  '\\027[2J\\027]0\\;title\\007.',
  '\\194\\133\\226\\128\\174.',
  '\\"\\032udp\\032.',
  '\\\\u001b\\\\.',
  '\\000\\127\\255.',
  '|{name}.',
);
const name = fc
  .tuple(
    fc.array(fc.oneof(hostile, arbitraryName), { maxLength: 3 }),
    fc.constantFrom('', 'shop.svc.cluster.local.', 'fails.test.', 'bind.'),
  )
  .map(([parts, end]) => parts.map((part) => (part === '.' ? '' : part)).join('') + end || '.');

const query = fc.tuple(arbitraryMessage(1), name).map(
  ([message, name]): Message => ({
    ...message,
    ...{ qr: false, opcode: message.opcode > 4 ? 0 : message.opcode, answer: [], authority: [] },
    questions: [{ name, type: message.questions[0]?.type ?? 16, class: message.id % 4 === 0 ? 3 : 1 }],
  }),
);

/** The octets of a query, some of them changed; undefined if they are too many for a name. */
function octetsOf(message: Message, changes: readonly (readonly [number, number])[]): Buffer | undefined {
  try {
    const octets = encodeMessage(message);
    for (const [at, octet] of changes) octets[12 + (at % Math.max(1, octets.length - 12))] = octet;
    return octets;
  } catch {
    return undefined;
  }
}

const PROPERTIES = { numRuns: 1000 };
const client = { address: '192.0.2.9', port: 4242 };

test(
  'nothing that a client sends forges a line of the log or rules a terminal, in both formats',
  async () => {
    const json: string[] = [];
    const { server, lines } = await startServer(corefile(), {
      sink: (_level, _line, record) => json.push(printRecord(record, 0)),
    });
    let logged = 0;
    const changes = fc.oneof(
      { weight: 3, arbitrary: fc.constant([]) },
      { weight: 1, arbitrary: fc.array(fc.tuple(fc.nat(200), fc.nat(255)), { maxLength: 4 }) },
    );
    const sends = fc.asyncProperty(
      query,
      changes,
      fc.constantFrom('udp', 'tcp'),
      async (message, changes, protocol) => {
        const octets = octetsOf(message, changes);
        if (!octets) return;
        const before = lines.length;
        await server.answer(octets, { protocol, client });
        const [ownLines, ownJson] = [lines.slice(before), json.slice(before)];
        for (const line of [...ownLines, ...ownJson]) expect(line).toMatch(HARMLESS);
        for (const line of ownLines) expect(line).toMatch(LEVEL);
        const objects = ownJson.map((line) => JSON.parse(line));
        const query = objects.find(({ client_ip }) => client_ip !== undefined);
        const line = ownLines.find((line) => line.startsWith(`[INFO] ${client.address}:`));
        if (!line) return;
        logged++;
        const [, id, type, , name, asked, size, , , rcode] = QUERY.exec(line)!;
        expect(query).toMatchObject({
          query_id: Number(id),
          qtype: type,
          qname: name,
          protocol,
          request_size: Number(size),
        });
        expect(asked).toBe(protocol);
        expect(query.rcode ?? '-').toBe(rcode);
        expect(line).toBe(`[INFO] ${query.msg}`);
        expect(line.endsWith('|end')).toBe(true);
        if (changes.length === 0) expect(name).toBe(foldName(message.questions[0]!.name));
      },
    );
    await fc.assert(sends, PROPERTIES);
    expect(logged).toBeGreaterThan(PROPERTIES.numRuns / 5);
    expect(json).toHaveLength(lines.length);
  },
  PATIENT.timeout * 4,
);

test('nor does what a plugin writes: its query log has tabs, but no other control characters', async () => {
  const text = 'a\tb\n[INFO] forged\x1b[2J\u202e';
  const wild = definePlugin({
    name: 'wild',
    parse: () => undefined,
    create: (_, env) => ({
      wrap: () => () => createReply('wild'),
      observe() {
        env.queryLog(text, () => ({ wild: text }));
        env.log.warning(text);
      },
    }),
  });
  const json: string[] = [];
  const { server, lines } = await startServer('. {\nwild\n}', {
    plugins: [wild],
    sink: (_level, _line, record) => json.push(printRecord(record, 0)),
  });
  const [seen, seenJson] = [lines.length, json.length];
  await server.answer(encodeMessage({ ...QUESTION, questions: [{ name: 'a.', type: 1, class: 1 }] }));
  expect(lines.slice(seen)).toEqual([
    '[INFO] a\tb; [INFO] forged\\u001b[2J\\u202e',
    '[WARNING] plugin/wild: a\\tb; [INFO] forged\\u001b[2J\\u202e',
  ]);
  expect(json.slice(seenJson).map((line) => line.match(HARMLESS) && JSON.parse(line))).toMatchObject([
    { level: 'INFO', msg: 'a\tb; [INFO] forged\\u001b[2J\\u202e', wild: text },
    { level: 'WARNING', plugin: 'wild' },
  ]);
});

const QUESTION: Message = {
  ...{ id: 1, qr: false, opcode: 0, aa: false, tc: false, rd: true, ra: false, ad: false, cd: false, rcode: 0 },
  ...{ questions: [], answer: [], authority: [], additional: [] },
};
