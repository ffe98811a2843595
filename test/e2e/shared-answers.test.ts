import { expect, onTestFinished, test } from 'vitest';
import { EdnsOption, type Message, printRcode, Rcode } from '../../src/dns/message.ts';
import { parseRecord } from '../../src/dns/presentation.ts';
import { NS } from '../../src/dns/rr.ts';
import { decodeMessage } from '../../src/dns/wire/decode.ts';
import { encodeMessage } from '../../src/dns/wire/encode.ts';
import { exchangeTcp, exchangeUdp } from '../support/ask.ts';
import { fakeClock } from '../support/clock.ts';
import { testMessage } from '../support/query.ts';
import { advance, settle, soon } from '../support/scenario/time.ts';
import { startServer } from '../support/server.ts';
import { answerTo, type Received, type Script, startUpstream } from '../support/upstream.ts';

/** What one client may add to a question that others ask, too: by what it differs from the usual query. */
const ODDITIES: Readonly<Record<string, (usual: Message) => Message>> = {
  'a long option': withOption(65_001, new Uint8Array(1400)),
  'an empty option': withOption(65_001, new Uint8Array()),
  'a client subnet': withOption(EdnsOption.SUBNET, Uint8Array.of(0, 1, 24, 0, 192, 0, 2)),
  'a cookie': withOption(EdnsOption.COOKIE, new Uint8Array(8)),
  padding: withOption(EdnsOption.PADDING, new Uint8Array(1000)),
  'an answer': (usual) => ({ ...usual, answer: [parseRecord(`x. 0 TYPE65280 \\# 1200 ${'00'.repeat(1200)}`)] }),
  'an authority': (usual) => ({ ...usual, authority: [parseRecord('x. 0 A 192.0.2.9')] }),
  'an additional record': (usual) => ({ ...usual, additional: [parseRecord('x. 0 TYPE250 \\# 2 0000')] }),
  TC: (usual) => ({ ...usual, tc: true }),
  AA: (usual) => ({ ...usual, aa: true }),
  RA: (usual) => ({ ...usual, ra: true }),
  AD: (usual) => ({ ...usual, ad: true }),
  'an rcode': (usual) => ({ ...usual, rcode: Rcode.REFUSED }),
  'capital letters': (usual) => ({ ...usual, questions: [{ ...usual.questions[0]!, name: 'WWW.eXample.ORG.' }] }),
  'a small UDP size': (usual) => ({ ...usual, edns: { udpSize: 512, version: 0, do: false, options: [] } }),
  'a large UDP size': (usual) => ({ ...usual, edns: { udpSize: 65_535, version: 0, do: false, options: [] } }),
  'no OPT record': (usual) => ({ ...usual, edns: undefined }),
};

function withOption(code: number, data: Uint8Array) {
  return (usual: Message): Message => ({ ...usual, edns: { ...EDNS, options: [{ code, data }] } });
}

const EDNS = { udpSize: 1232, version: 0, do: false, options: [] };
const USUAL = testMessage('www.example.org. A', { edns: EDNS });
const GOOD = ['www.example.org. 60 IN A 192.0.2.1'];

/** What an upstream makes of a query that is not as it knows them. */
const REACTIONS: Readonly<Record<string, (query: Received) => void>> = {
  silent: () => {},
  SERVFAIL: ({ reply, message }) => reply(answerTo(message, [], { rcode: Rcode.SERVFAIL })),
  FORMERR: ({ reply, message }) => reply(answerTo(message, [], { rcode: Rcode.FORMERR })),
  NOTAUTH: ({ reply, message }) => reply(answerTo(message, [], { rcode: Rcode.NOTAUTH })),
  REFUSED: ({ reply, message }) => reply(answerTo(message, [], { rcode: Rcode.REFUSED })),
  NXDOMAIN: ({ reply, message }) =>
    reply(
      answerTo(message, [], { rcode: Rcode.NXDOMAIN, authority: [parseRecord('org. 60 IN SOA a. b. 1 2 3 4 60')] }),
    ),
  'another answer': ({ reply, message }) => reply(answerTo(message, ['www.example.org. 60 IN A 192.0.2.66'])),
};

/** What the server itself sends for it, without the id. */
const OWN = encodeMessage({ ...USUAL, ad: true }).subarray(2);

/** Answers what is asked for with this server's own words alone, and reacts to everything else. */
function picky(react: (query: Received) => void): Script {
  return (query) => {
    const { message, octets } = query;
    const isProbe = message.questions[0]!.type === NS.code;
    if (isProbe || Buffer.compare(octets.subarray(2), OWN) === 0) query.reply(answerTo(message, GOOD));
    else react(query);
  };
}

const pairs = Object.keys(ODDITIES).flatMap((oddity) =>
  Object.keys(REACTIONS).map((reaction) => [oddity, reaction] as const),
);

test.each(pairs)('a query with %s, to which the upstream is %s, costs others nothing', async (oddity, reaction) => {
  const held: Received[] = [];
  const upstream = await startUpstream(picky((query) => held.push(query)));
  onTestFinished(upstream.close);
  const clock = fakeClock();
  const { port } = await startServer(`. {\n cache\n forward . ${upstream.endpoint}\n}\n`, { clock });
  const ask = async (message: Message) => decodeMessage(await exchangeUdp('127.0.0.1', port, encodeMessage(message)));
  const answerOf = ({ rcode, answer }: Message) => [printRcode(rcode), ...answer.map(({ data }) => data)];
  const odd = ask({ ...ODDITIES[oddity]!(USUAL), id: 1 });
  await settle();
  const others = [ask({ ...USUAL, id: 2 }), ask({ ...USUAL, id: 3, edns: undefined })];
  for (const reply of await soon(Promise.all(others), 'no reply while the odd query is under way')) {
    expect(answerOf(reply)).toEqual(['NOERROR', { address: '192.0.2.1' }]);
  }
  upstream.on(picky(REACTIONS[reaction]!));
  for (const query of held) REACTIONS[reaction]!(query);
  await advance(clock, 5000);
  await odd;
  expect(answerOf(await ask({ ...USUAL, id: 4 }))).toEqual(['NOERROR', { address: '192.0.2.1' }]);
});

test('an upstream that cannot be reached over TCP denies nothing to clients over UDP', async () => {
  const upstream = await startUpstream((query) => query.protocol === 'udp' && picky(() => {})(query));
  onTestFinished(upstream.close);
  const clock = fakeClock();
  const { port } = await startServer(`. {\n cache\n forward . ${upstream.endpoint}\n}\n`, { clock });
  const overTcp = exchangeTcp('127.0.0.1', port, encodeMessage(USUAL));
  await upstream.query(0);
  const overUdp = async () => decodeMessage(await exchangeUdp('127.0.0.1', port, encodeMessage(USUAL))).rcode;
  expect(await soon(overUdp(), 'no reply while another client waits over TCP')).toBe(Rcode.NOERROR);
  await advance(clock, 5000);
  expect(decodeMessage(await overTcp).rcode).toBe(Rcode.SERVFAIL);
});

test('a failure over TCP is kept for clients over TCP alone', async () => {
  const upstream = await startUpstream((query) => {
    if (query.protocol === 'udp') picky(() => {})(query);
    else REACTIONS.SERVFAIL!(query);
  });
  onTestFinished(upstream.close);
  const { port } = await startServer(`. {\n cache\n forward . ${upstream.endpoint}\n}\n`, { clock: fakeClock() });
  const over = async (exchange: typeof exchangeUdp) =>
    printRcode(decodeMessage(await exchange('127.0.0.1', port, encodeMessage(USUAL))).rcode);
  const tries = [];
  for (const exchange of [exchangeTcp, exchangeTcp, exchangeUdp, exchangeTcp]) tries.push(await over(exchange));
  expect(tries).toEqual(['SERVFAIL', 'SERVFAIL', 'NOERROR', 'NOERROR']);
  expect(upstream.received.map(({ protocol }) => protocol)).toEqual(['tcp', 'udp']);
});

test('a name that leads back to itself, by way of an upstream, ends in a failure', async () => {
  const back = 'out.example.org. 60 IN CNAME back.example.com.';
  const upstream = await startUpstream(({ message, reply }) => reply(answerTo(message, [back])));
  onTestFinished(upstream.close);
  const { port } = await startServer(`. {
    rewrite cname exact back.example.com. loop.example.org.
    cache
    template IN A loop.example.org {
        answer "{{ .Name }} 60 IN CNAME out.example.org."
    }
    forward . ${upstream.endpoint}
}
`);
  const query = encodeMessage(testMessage('loop.example.org.'));
  const replies = [query, query].map((each) => exchangeUdp('127.0.0.1', port, each));
  for (const reply of await soon(Promise.all(replies), 'the query waits for itself')) {
    expect(decodeMessage(reply).rcode).toBe(Rcode.SERVFAIL);
  }
});
