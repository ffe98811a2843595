import type { Transport } from '../../corefile/key.ts';
import {
  type Edns,
  EdnsOption,
  type MessageHead,
  OWN_UDP_SIZE,
  Rcode,
  type Sections,
  udpLimit,
} from '../../dns/message.ts';
import { encodeRecords, MAX_MESSAGE_OCTETS } from '../../dns/wire/encode.ts';
import type { Query } from '../../plugin/query.ts';
import { type Reply, recordsOf } from '../../plugin/reply.ts';
import { recordsInCaseOf } from './letter-case.ts';
import type { Block } from './router.ts';

/** RFC 8467 §4.1: the length of responses is a multiple of this, so that it tells little about their contents. */
const PADDING_BLOCK_OCTETS = 468;
const OPTION_HEADER_OCTETS = 4;

/** The properties of the listener that a response depends on. */
export interface Delivery {
  readonly transport: Transport;
  /** How long an idle connection is kept, in milliseconds: told to clients that ask (RFC 7828). */
  readonly idleMs: number;
}

/** Encodes a reply, with at most as many octets as the client accepts. */
export function encodeReply(
  query: Query,
  reply: Reply,
  block: Pick<Block, 'recursion' | 'udpSize'>,
  delivery: Delivery,
): Buffer {
  const limit = query.protocol === 'udp' ? udpLimit(query.edns?.udpSize ?? 0, block.udpSize) : MAX_MESSAGE_OCTETS;
  const head = replyHead(query, reply, block, delivery);
  const isPadded = delivery.transport !== 'dns' && query.edns && hasOption(query.edns, EdnsOption.PADDING);
  const records = recordsInCaseOf(query, recordsOf(reply));
  return isPadded ? encodePadded(head, records) : encodeRecords(head, records, limit);
}

/** A response without its records: id, question, opcode, RD, CD and the OPT record follow from the query. */
export function replyHead(
  query: Query,
  reply: Reply,
  block: Pick<Block, 'recursion'>,
  delivery: Delivery,
): MessageHead {
  const { message, edns, question } = query;
  const { fixedFlags } = reply;
  return {
    id: message.id,
    qr: true,
    opcode: message.opcode,
    aa: fixedFlags?.aa ?? reply.aa,
    tc: reply.tc,
    rd: fixedFlags?.rd ?? message.rd,
    ra: fixedFlags?.ra ?? (reply.ra || block.recursion),
    ad: reply.ad,
    cd: message.cd,
    rcode: edns || reply.rcode < 16 ? reply.rcode : Rcode.SERVFAIL,
    questions: [question],
    edns: edns && replyEdns(query, edns, reply, delivery),
  };
}

/** RFC 6891 §6.1.1: a response has an OPT record if, and only if, the query had one. */
function replyEdns(query: Query, edns: Edns, reply: Reply, { transport, idleMs }: Delivery): Edns {
  const options = [...(reply.ednsOptions ?? [])];
  // Over HTTPS, HTTP manages the connections.
  if (query.protocol === 'tcp' && transport !== 'https' && hasOption(edns, EdnsOption.TCP_KEEPALIVE)) {
    options.push({ code: EdnsOption.TCP_KEEPALIVE, data: keepaliveData(idleMs) });
  }
  return { udpSize: OWN_UDP_SIZE, version: 0, do: edns.do, options };
}

function hasOption(edns: Edns, wanted: number): boolean {
  return edns.options.some(({ code }) => code === wanted);
}

/** RFC 7828 §3.1: the timeout in units of 100 ms. */
function keepaliveData(idleMs: number): Uint8Array {
  const units = Math.min(0xffff, Math.round(idleMs / 100));
  return Uint8Array.of(units >> 8, units & 0xff);
}

/** The octets of a padded response to a padded query (RFC 7830 §4). It has an OPT record, and the option comes last. */
function encodePadded(head: MessageHead, records: Sections): Buffer {
  const bare = encodeRecords(head, records, MAX_MESSAGE_OCTETS - OPTION_HEADER_OCTETS);
  const octets = bare.length + OPTION_HEADER_OCTETS;
  const padded = Math.min(MAX_MESSAGE_OCTETS, Math.ceil(octets / PADDING_BLOCK_OCTETS) * PADDING_BLOCK_OCTETS);
  const edns = head.edns!;
  const padding = { code: EdnsOption.PADDING, data: new Uint8Array(padded - octets) };
  return encodeRecords({ ...head, edns: { ...edns, options: [...edns.options, padding] } }, records);
}
