import packet, { type Answer, type Packet } from 'dns-packet';

/** One resolv.conf and one name, with a seed that says how servers answer. */
export interface Scenario {
  readonly resolvConf: string;
  readonly name: string;
  readonly seed: number;
  /** How often servers answer in which way. */
  readonly weights: Weights;
  /** What is the same for all, where it is a race whose reply comes first or counts: servers, or servers and types. */
  readonly alike?: 'servers' | 'all';
}

export type Manner =
  | 'answer'
  | 'alias'
  | 'nodata'
  | 'lame'
  | 'nxdomain'
  | 'servfail'
  | 'refused'
  | 'formerr'
  | 'notimp'
  | 'silence'
  | 'truncated';

export type Weights = Readonly<Partial<Record<Manner, number>>>;

export interface Asked {
  readonly name: string;
  readonly type: string;
  readonly server: string;
  readonly protocol: string;
}

/** How a server treats a question: the same each time, most often the same for both types and at all servers. */
export function mannerOf({ seed, weights, alike }: Scenario, { name, type, server }: Asked): Manner {
  const folded = name.toLowerCase();
  const scope = [`${folded}`];
  if (alike !== 'all' && hash(seed, folded, 'types differ') % 5 === 0) scope.push(type);
  if (!alike && hash(seed, folded, 'servers differ') % 5 === 0) scope.push(server);
  const entries = Object.entries(weights) as [Manner, number][];
  let left = hash(seed, ...scope) % entries.reduce((sum, [, weight]) => sum + weight, 0);
  for (const [manner, weight] of entries) {
    if (left < weight) return manner;
    left -= weight;
  }
  throw new Error('no weights');
}

/** FNV-1a. */
export function hash(seed: number, ...words: readonly string[]): number {
  let value = 0x811c9dc5 ^ seed;
  for (const char of words.join('\0')) value = Math.imul(value ^ char.charCodeAt(0), 0x01000193) >>> 0;
  return (value ^ (value >>> 15)) >>> 0;
}

const RCODES: Readonly<Partial<Record<Manner, number>>> = {
  formerr: 1,
  servfail: 2,
  nxdomain: 3,
  notimp: 4,
  refused: 5,
};

/** The octets of the reply; undefined for silence. */
export function replyTo(scenario: Scenario, message: Buffer, asked: Asked): Buffer | undefined {
  const manner = mannerOf(scenario, asked);
  if (manner === 'silence') return undefined;
  const { id = 0, questions = [] } = packet.decode(message);
  const isCut = manner === 'truncated' && asked.protocol === 'udp';
  const flags =
    packet.RECURSION_DESIRED |
    (manner === 'lame' ? 0 : packet.AUTHORITATIVE_ANSWER | packet.RECURSION_AVAILABLE) |
    (isCut ? packet.TRUNCATED_RESPONSE : 0) |
    (RCODES[manner] ?? 0);
  const hasData = !isCut && ['answer', 'alias', 'truncated'].includes(manner);
  const reply: Packet = { type: 'response', id, flags, questions, answers: hasData ? dataOf(manner, asked) : [] };
  return packet.encode(reply);
}

function dataOf(manner: Manner, { name, type }: Asked): Answer[] {
  const target = `target.${name}`;
  const data = type === 'A' ? '192.0.2.1' : '2001:db8::1';
  const address = (owner: string) => ({ name: owner, type, ttl: 5, data }) as Answer;
  if (manner !== 'alias') return [address(name)];
  return [{ name, type: 'CNAME', ttl: 5, data: target }, address(target)];
}
