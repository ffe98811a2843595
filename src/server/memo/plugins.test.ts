import { expect, test } from 'vitest';
import { fakeClock } from '../../../test/support/clock.ts';
import { directives } from '../../../test/support/directive.ts';
import { type TestEnvOptions, testEnv } from '../../../test/support/env.ts';
import { parseContext } from '../../../test/support/plugin.ts';
import { printReply, testMessage } from '../../../test/support/query.ts';
import { seededRandom } from '../../../test/support/random.ts';
import { decodeMessage } from '../../dns/wire/decode.ts';
import { encodeMessage } from '../../dns/wire/encode.ts';
import { createLogger } from '../../observe/log.ts';
import { Metrics } from '../../observe/metrics.ts';
import type { Handler } from '../../plugin/plugin.ts';
import { withQuestion } from '../../plugin/query.ts';
import { plugins } from '../../plugins.ts';
import { Responder } from '../answer/responder.ts';
import { Router } from '../answer/router.ts';
import { ServerWatch } from '../answer/watch.ts';

const HOSTS = `hosts /dev/null {
  192.0.2.1 www.example.org
  192.0.2.2 four.example.org
  2001:db8::1 www.example.org
  192.0.2.3 www.b.org
  192.0.2.4 many.example.org
  192.0.2.5 many.example.org
}`;

/** Bodies of server blocks whose replies may be repeated, some of them at least. */
const BODIES = [
  'acl example.org {\n block type MX\n filter type AAAA\n}',
  'acl example.org {\n allow net 192.0.2.9\n block\n}',
  'any\nlocal\nnsid\nchaos v a',
  'bufsize 512\nminimal',
  'dns64',
  'dns64 {\n allow_ipv4\n}',
  'header {\n response set ra\n response clear aa rd\n}',
  'rewrite name suffix .a.org .b.org answer auto',
  'rewrite name www.c.org www.example.org',
  'rewrite continue name regex (.*)\\.d\\.org {1}.example.org\nrewrite ttl suffix example.org 7',
  'rewrite rcode example.org NOERROR NXDOMAIN',
  'template IN TXT example.org {\n answer "{{ .Name }} 60 IN TXT {{ .Remote }}"\n}',
  'template IN A c.org {\n match ^(w+)\n answer "{{ .Name }} 60 IN A 10.0.0.{{ len (index .Match 1) }}"\n fallthrough\n}',
  'template ANY ANY d.org {\n rcode NXDOMAIN\n}',
  'template IN A none.example.org {\n answer "{{ .Name }} 60 IN A 10.0.0.9"\n fallthrough\n}',
];
const NAMES = [
  ...['www.example.org.', 'four.example.org.', 'many.example.org.', 'none.example.org.', 'example.org.'],
  ...['www.a.org.', 'www.b.org.', 'www.c.org.', 'www.d.org.', 'none.d.org.'],
  ...['localhost.', 'localhost.example.org.', '1.0.0.127.in-addr.arpa.', 'version.bind.', '1.2.0.192.in-addr.arpa.'],
];
const TYPES = ['A', 'AAAA', 'MX', 'TXT', 'ANY', 'SOA', 'PTR'];
const SHAPES = [{}, { edns: {} }, { edns: { do: true } }, { rd: false }, { cd: true, edns: { do: true } }];
const CLIENTS = ['192.0.2.9', '192.0.2.10', '2001:db8::9'];

/** The message as text, then its octets. */
function printOctets(bytes: Buffer | undefined): string {
  return bytes ? `${printReply(decodeMessage(bytes))}\n${bytes.toString('hex')}` : 'none';
}

/** A chain as a server builds it, and responders for it that share nothing else. */
function setup(body: string) {
  const clock = fakeClock();
  const uses = Map.groupBy(directives(`${body}\n${HOSTS}`), ({ name }) => name);
  let handler: Handler;
  const resolve: TestEnvOptions['resolve'] = (query, question) =>
    handler({ ...withQuestion(query, question), depth: query.depth + 1 });
  const chain = plugins.flatMap((definition) => {
    const own = uses.get(definition.name);
    if (!own) return [];
    const env = testEnv({ clock, zones: ['.'], resolve });
    return [definition.create(definition.parse(own, parseContext()), env)];
  });
  const end: Handler = () => {
    throw new Error('every query has an answer');
  };
  handler = chain.reduceRight<Handler>((next, plugin) => plugin.wrap?.(next) ?? next, end);
  const router = new Router();
  router.add('.', { handler, observers: [], recursion: false });
  const quiet = createLogger(() => {});
  return () =>
    new Responder(
      { server: 'dns://:53', router, anyClass: true, idleMs: 10_000, transport: 'dns' },
      new ServerWatch(clock, seededRandom(), quiet, new Metrics()),
    );
}

test.each(BODIES)('repeated or not, a reply is the same: %j', async (body) => {
  const responder = setup(body);
  const fast = responder();
  const random = seededRandom(3);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
  const shout = (name: string) =>
    random() < 0.2 ? name.replace(/[a-z]/g, (c) => (random() < 0.5 ? c.toUpperCase() : c)) : name;
  for (let step = 0; step < 2000; step++) {
    const query = encodeMessage(testMessage(`${shout(pick(NAMES))} ${pick(TYPES)}`, { ...pick(SHAPES), id: step }));
    const client = { address: pick(CLIENTS), port: 4000 };
    const local = { address: '192.0.2.53', port: 53 };
    const arrival = { protocol: 'udp' as const, client, local, octets: query.length, receivedMs: 0 };
    const expected = (await responder().answer(query, arrival)) as Buffer | undefined;
    const given = (await fast.answer(query, arrival)) as Buffer | undefined;
    if (!given?.equals(expected!)) expect(printOctets(given)).toBe(printOctets(expected));
  }
  expect(fast.memo.hits).toBeGreaterThan(0);
});
