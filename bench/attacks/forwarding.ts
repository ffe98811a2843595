/** Attacks on upstreams through the server: queries that upstreams reject or never answer, or whose responses may not be shared. */
import { type Attack, type Scene, sleep } from './attack.ts';
import { flood } from './flood.ts';
import { type Counts, nameOctets, query, record, TYPES } from './message.ts';
import { sharedName, ZONES } from './names.ts';

const ODD_OCTETS = 1400;
const ROOT = Buffer.of(0);

/** Makes a query odd and long. */
interface Oddity {
  readonly title: string;
  readonly flags?: number;
  readonly counts: Counts;
  /** The octets after the question, with this number of octets of padding. */
  rest(padding: number): Buffer;
}

const opt = (options: Buffer) => record(ROOT, TYPES.OPT, 1232, 0, options);

function option(code: number, octets: number): Buffer {
  const head = Buffer.alloc(4);
  head.writeUInt16BE(code, 0);
  head.writeUInt16BE(octets, 2);
  return Buffer.concat([head, Buffer.alloc(octets, 7)]);
}

function texts(octets: number): Buffer {
  const strings = [];
  for (let left = octets; left > 0; left -= 255) {
    const length = Math.min(254, left - 1);
    strings.push(Buffer.of(length), Buffer.alloc(length, 120));
  }
  return record(nameOctets('odd.example'), TYPES.TXT, 1, 30, Buffer.concat(strings));
}

/** An invalid signature (RFC 8945 §4.2). */
function signature(octets: number): Buffer {
  const fixed = Buffer.alloc(10);
  fixed.writeUInt32BE(Math.floor(Date.now() / 1000), 2);
  fixed.writeUInt16BE(300, 6);
  fixed.writeUInt16BE(octets, 8);
  const rdata = Buffer.concat([nameOctets('hmac-sha256'), fixed, Buffer.alloc(octets, 7), Buffer.alloc(6)]);
  return record(nameOctets('key.example'), TYPES.TSIG, 255, 0, rdata);
}

const ODDITIES: Readonly<Record<string, Oddity>> = {
  option: { title: 'an unknown EDNS option', counts: { additional: 1 }, rest: (octets) => opt(option(65_001, octets)) },
  answer: { title: 'records in the answer section', counts: { answer: 1 }, rest: texts },
  authority: { title: 'records in the authority section', counts: { authority: 1 }, rest: texts },
  tsig: { title: 'a TSIG record', counts: { additional: 1 }, rest: signature },
  tc: {
    title: 'the TC bit, and an unknown EDNS option',
    flags: 0x0300,
    counts: { additional: 1 },
    rest: (octets) => opt(option(65_001, octets)),
  },
};

const ODD_PER_SECOND = 20;

async function askOddly({ target, seconds }: Scene, { flags = 0x0100, counts, rest }: Oddity, zone: string) {
  const { replies, sent } = await flood(target.port, ODD_PER_SECOND, seconds, (i) => {
    const name = sharedName(zone);
    const bare = 16 + nameOctets(name).length;
    return query(i, name, TYPES.A, { flags, counts, rest: rest(ODD_OCTETS - bare - 60) });
  });
  return { note: `${sent} sent, ${replies} replies` };
}

function odd(id: string, zone: keyof typeof ZONES, upstream: string, long = false): Attack {
  const oddity = ODDITIES[id]!;
  return {
    id: `odd-${id}-${zone}`,
    title: `20/s of 1,400 octets with ${oddity.title} for the victim's outside name, which the upstream ${upstream}`,
    asks: { outside: { zone: ZONES[zone], names: 'shared' } },
    long,
    run: (scene) => askOddly(scene, oddity, ZONES[zone]),
  };
}

const SILENT_PER_SECOND = 15_000;

async function askSilence({ target, seconds, upstream }: Scene) {
  await upstream.counts();
  const { sent, replies } = await flood(target.port, SILENT_PER_SECOND, seconds, (i) =>
    query(i, `s-${i}.${ZONES.silent}`, TYPES.A),
  );
  const { queries } = await upstream.counts();
  return { note: `${Math.round(sent / seconds)}/s sent, ${replies} replies, ${queries} queries reached the upstream` };
}

const EQUAL = 1000;
/** RFC 5452 §5: an attacker who forges responses needs many equal queries in flight. */
const MAX_EQUAL_OUTSTANDING = 100;
/** As docs/architecture.md says. */
const MAX_IDS_OF_PORT = 64;

/**
 * @param rest the octets after the question of each query
 * @param mostOutstanding how many equal queries may wait at the upstream at the same time
 */
async function askEqually({ target, seconds, upstream }: Scene, rest: Buffer, mostOutstanding: number) {
  await upstream.counts();
  const rounds: string[] = [];
  let most = 0;
  let idsOfPort = 0;
  for (let round = 0; round < Math.max(1, Math.floor(seconds / 2)); round++) {
    await flood(target.port, EQUAL * 10, 0.1, (i) =>
      query(i, `equal-${round}.${ZONES.unshared}`, TYPES.A, { counts: { additional: rest.length > 0 ? 1 : 0 }, rest }),
    );
    await sleep(1500);
    const { unshared } = await upstream.counts();
    most = Math.max(most, unshared.outstanding);
    idsOfPort = Math.max(idsOfPort, unshared.idsOfPort);
    rounds.push(`${unshared.queries} from ${unshared.ports} ports`);
  }
  return {
    note: `at the upstream: ${most} at once, ${idsOfPort} ids of one port; ${rounds[0]}`,
    broken: [
      ...(most > mostOutstanding ? [`${most} equal queries at once, at most ${mostOutstanding}`] : []),
      ...(idsOfPort > MAX_IDS_OF_PORT ? [`${idsOfPort} ids of one port, at most ${MAX_IDS_OF_PORT}`] : []),
    ],
  };
}

export const forwarding: readonly Attack[] = [
  odd('option', 'drop', 'drops'),
  odd('option', 'formerr', 'answers with FORMERR', true),
  odd('answer', 'formerr', 'answers with FORMERR'),
  odd('authority', 'drop', 'drops', true),
  odd('tsig', 'notauth', 'answers with NOTAUTH'),
  odd('tc', 'drop', 'drops', true),
  odd('option', 'refused', 'answers with REFUSED'),
  {
    id: 'silent',
    title: '15,000/s of different names that the upstream never answers, without `max_concurrent`',
    setup: { maxConcurrent: 0 },
    isOverload: true,
    asks: { outside: { zone: ZONES.plain, names: 'fresh' } },
    run: askSilence,
  },
  {
    id: 'silent-256',
    title: 'the same with at most 256 open files',
    setup: { maxConcurrent: 0, maxFiles: 256 },
    isOverload: true,
    asks: { outside: { zone: ZONES.plain, names: 'fresh' } },
    run: askSilence,
  },
  {
    id: 'equal',
    title: '1,000 equal queries within 0.1 s whose reply is for one network, with TTL 0',
    asks: { outside: { zone: ZONES.plain, names: 'fresh' } },
    run: (scene) => askEqually(scene, Buffer.alloc(0), MAX_EQUAL_OUTSTANDING),
  },
  {
    id: 'equal-own',
    title: 'the same with an EDNS option that nobody knows in each query',
    asks: { outside: { zone: ZONES.plain, names: 'fresh' } },
    run: (scene) => askEqually(scene, opt(option(65_001, 8)), EQUAL),
  },
];
