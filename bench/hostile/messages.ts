import { nameOctets, query, record, TYPES } from '../attacks/message.ts';

/** Makes hostile messages from random numbers; the same numbers give the same messages. */
export interface MessageClass {
  readonly title: string;
  make(random: () => number): Buffer;
}

const NAMES = [
  'kubernetes.default.svc.cluster.local',
  'service-headless.default.svc.cluster.local',
  '215.3.244.10.in-addr.arpa',
  'nope.default.svc.cluster.local',
  '10-244-3-215.default.pod.cluster.local',
  'x.example.org',
];
const ASKED = [1, 2, 5, 6, 12, 15, 16, 28, 33, 43, 46, 47, 48, 64, 65, 252, 251, 255, 257];
const HEADER_OCTETS = 12;

/** Numbers below a limit, and what is made of them. */
class Dice {
  readonly random: () => number;

  constructor(random: () => number) {
    this.random = random;
  }

  below(limit: number): number {
    return Math.floor(this.random() * limit);
  }

  octets(limit: number): Buffer {
    return Buffer.from(Array.from({ length: this.below(limit) }, () => this.below(256)));
  }

  of<T>(all: readonly T[]): T {
    return all[this.below(all.length)]!;
  }

  /** A good query. */
  good(more: Parameters<typeof query>[3] = {}): Buffer {
    return query(this.below(65_536), this.of(NAMES), this.of(ASKED), more);
  }

  /** A query whose question has these octets for a name. */
  named(name: Buffer): Buffer {
    const head = query(this.below(65_536), '', 1).subarray(0, HEADER_OCTETS);
    return Buffer.concat([head, name, Buffer.of(0, this.of([1, 28, 33]), 0, 1)]);
  }

  /** A record with rdata that fits its type or not, and a length that is right or not. */
  record(type = this.below(300)): Buffer {
    const owner = this.of([Buffer.of(0xc0, HEADER_OCTETS), Buffer.of(0), nameOctets(this.of(NAMES))]);
    const made = record(owner, type, this.of([1, 255, 254, this.below(65_536)]), this.below(2 ** 32), this.octets(60));
    if (this.random() < 0.3) made.writeUInt16BE(this.below(65_536), owner.length + 8);
    return made;
  }

  records(limit: number, type?: () => number): Buffer {
    return Buffer.concat(Array.from({ length: this.below(limit) }, () => this.record(type?.())));
  }

  opt(options: Buffer, ttl = 0): Buffer {
    return record(Buffer.of(0), TYPES.OPT, this.of([0, 511, 512, 1232, 4096, 65_535]), ttl, options);
  }
}

/** A class whose messages are made with dice. */
function of(title: string, make: (dice: Dice) => Buffer): MessageClass {
  return { title, make: (random) => make(new Dice(random)) };
}

/** Changes some octets. */
function mutated(message: Buffer, dice: Dice): Buffer {
  for (let i = dice.below(8); i >= 0; i--) message[dice.below(message.length)] = dice.below(256);
  return message;
}

const one = (rest: Buffer) => ({ counts: { additional: 1 }, rest });

/** All classes of malformed, hostile and odd messages. */
export const classes: readonly MessageClass[] = [
  of('random octets', (dice) => dice.octets(600)),
  of('good queries', (dice) => dice.good()),
  of('changed octets', (dice) => mutated(dice.good(), dice)),
  of('cut short', (dice) => {
    const message = dice.good();
    return message.subarray(0, dice.below(message.length));
  }),
  of('more behind the end', (dice) => Buffer.concat([dice.good(), dice.octets(200)])),
  of('counts that are wrong', (dice) => {
    const message = dice.good();
    for (let at = 4; at < HEADER_OCTETS; at += 2) {
      if (dice.random() < 0.5) message.writeUInt16BE(dice.of([0, 1, 2, 255, 65_535]), at);
    }
    return message;
  }),
  of('flags and opcodes', (dice) => dice.good({ flags: dice.below(65_536) & 0x7fff })),
  of('replies', (dice) => dice.good({ flags: 0x8000 | dice.below(65_536) })),
  of('pointers in a circle', (dice) => {
    const [there, back] = [HEADER_OCTETS + 2, HEADER_OCTETS];
    return dice.named(
      dice.of([Buffer.of(0xc0, back), Buffer.of(0xc0, there, 0xc0, back), Buffer.of(1, 97, 0xc0, back)]),
    );
  }),
  of('pointers that lead forward or out', (dice) =>
    dice.named(Buffer.of(1, 97, 0xc0 | dice.below(64), dice.of([12, 20, 200, dice.below(256)]))),
  ),
  of('labels of unknown kinds', (dice) =>
    dice.named(Buffer.concat([Buffer.of(0x40 | dice.below(128)), dice.octets(40)])),
  ),
  of('names that are too long', (dice) => {
    const label = Buffer.concat([Buffer.of(63), Buffer.alloc(63, 97)]);
    return dice.named(Buffer.concat([...Array(3 + dice.below(20)).fill(label), Buffer.of(0)]));
  }),
  of('names of any octets', (dice) => {
    const labels = Array.from({ length: 1 + dice.below(8) }, () => {
      const octets = Buffer.from(Array.from({ length: 1 + dice.below(30) }, () => dice.below(256)));
      return Buffer.concat([Buffer.of(octets.length), octets]);
    });
    return dice.named(Buffer.concat([...labels, dice.of([nameOctets('cluster.local'), Buffer.of(0)])]));
  }),
  of('types and classes', (dice) => {
    const message = query(dice.below(65_536), dice.of(NAMES), dice.below(65_536));
    message.writeUInt16BE(dice.of([1, 3, 4, 254, 255, dice.below(65_536)]), message.length - 2);
    return message;
  }),
  of('EDNS options of wrong lengths', (dice) => dice.good(one(dice.opt(dice.octets(80))))),
  of('several OPT records', (dice) => {
    const rest = Buffer.concat(Array.from({ length: 2 + dice.below(20) }, () => dice.opt(dice.octets(20))));
    return dice.good({ counts: { additional: dice.of([2, 20]) }, rest });
  }),
  of('versions, flags and sizes of EDNS', (dice) => dice.good(one(dice.opt(Buffer.alloc(0), dice.below(2 ** 32))))),
  of('signatures', (dice) =>
    dice.good({ counts: { additional: dice.below(4) }, rest: dice.records(4, () => dice.of([24, 46, 249, 250])) }),
  ),
  of('updates, notices and transfers', (dice) => {
    const counts = { answer: dice.below(5), authority: dice.below(5), additional: dice.below(5) };
    const opcode = dice.of([0, 1, 2, 4, 5, 6]) << 11;
    return query(dice.below(65_536), dice.of(NAMES), dice.of([6, 251, 252]), {
      flags: opcode,
      counts,
      rest: dice.records(12),
    });
  }),
  of('many questions and records, and large', (dice) => {
    const question = dice.good().subarray(HEADER_OCTETS);
    const rest = Buffer.concat([...Array(dice.below(40)).fill(question), dice.records(60)]);
    const message = dice.good({ counts: { answer: dice.below(60), additional: dice.below(60) }, rest });
    message.writeUInt16BE(dice.below(40), 4);
    return message;
  }),
];
