import type { Message, Question } from '../../dns/message.ts';
import { decodeMessage } from '../../dns/wire/decode.ts';
import { encodeMessage } from '../../dns/wire/encode.ts';
import type { Reply } from '../../plugin/reply.ts';

/** The records of a reply. */
export type Sections = Pick<Reply, 'answer' | 'authority' | 'additional'>;

const HEADER = {
  id: 0,
  qr: true,
  opcode: 0,
  aa: false,
  tc: false,
  rd: false,
  ra: false,
  ad: false,
  cd: false,
  rcode: 0,
};

/**
 * The records as a message in one string, a character for each octet; undefined if they do not fit into a message.
 *
 * Records that live for seconds and die are what a garbage collector is worst at: each is copied twice and then looked for
 * among the old. As one string they cost a tenth, and most entries of a cache are never asked for again.
 */
export function pack({ answer, authority, additional }: Sections, question: Question): string | undefined {
  const message: Message = { ...HEADER, questions: [question], answer, authority, additional };
  const octets = encodeMessage(message);
  return isWhole(octets, message) ? octets.toString('latin1') : undefined;
}

export function unpack(packed: string): Sections {
  const { answer, authority, additional } = decodeMessage(Buffer.from(packed, 'latin1'));
  return { answer, authority, additional };
}

/** Whether nothing was left out: by TC, or, of additional records, in silence. */
function isWhole(octets: Buffer, { additional }: Message): boolean {
  return (octets[2]! & TC) === 0 && octets.readUInt16BE(10) === additional.length;
}

const TC = 0x02;
