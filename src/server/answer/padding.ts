import { EdnsOption, type MessageHead, type Sections } from '../../dns/message.ts';
import { encodeRecords, MAX_MESSAGE_OCTETS } from '../../dns/wire/encode.ts';

/** RFC 8467 §4.1: the length of responses is a multiple of this, so that it tells little about their contents. */
const BLOCK_OCTETS = 468;
const OPTION_HEADER_OCTETS = 4;

/** The octets of a padded response to a padded query (RFC 7830 §4). It has an OPT record, and the option comes last. */
export function encodePadded(head: MessageHead, records: Sections): Buffer {
  const bare = encodeRecords(head, records, MAX_MESSAGE_OCTETS - OPTION_HEADER_OCTETS);
  const octets = bare.length + OPTION_HEADER_OCTETS;
  const padded = Math.min(MAX_MESSAGE_OCTETS, Math.ceil(octets / BLOCK_OCTETS) * BLOCK_OCTETS);
  const edns = head.edns!;
  const padding = { code: EdnsOption.PADDING, data: new Uint8Array(padded - octets) };
  return encodeRecords({ ...head, edns: { ...edns, options: [...edns.options, padding] } }, records);
}
