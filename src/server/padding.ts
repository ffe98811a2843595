import { EdnsOption, type Message } from '../dns/message.ts';
import { encodeMessage, MAX_MESSAGE_OCTETS } from '../dns/wire/encode.ts';

/** RFC 8467 §4.1: replies are as long as a multiple of this, so that their length says little of what is in them. */
const BLOCK_OCTETS = 468;
const OPTION_HEADER_OCTETS = 4;

/** The octets of a reply whose query was padded, padded as well (RFC 7830 §4): it has an OPT record, and the option comes last. */
export function encodePadded(message: Message): Buffer {
  const bare = encodeMessage(message, MAX_MESSAGE_OCTETS - OPTION_HEADER_OCTETS);
  const octets = bare.length + OPTION_HEADER_OCTETS;
  const padded = Math.min(MAX_MESSAGE_OCTETS, Math.ceil(octets / BLOCK_OCTETS) * BLOCK_OCTETS);
  const edns = message.edns!;
  const padding = { code: EdnsOption.PADDING, data: new Uint8Array(padded - octets) };
  return encodeMessage({ ...message, edns: { ...edns, options: [...edns.options, padding] } }, MAX_MESSAGE_OCTETS);
}
