import type { MessageFlags } from '../dns/message.ts';
import type { Reply } from './reply.ts';

/** What the client got, as it stands on the wire. */
export interface Sent {
  /** If it is repeated, the TTLs are those of the first time. */
  readonly reply: Reply;
  readonly flags: MessageFlags;
  /** Octets of the message; 0 if nothing was sent on purpose. */
  readonly octets: number;
  /** From the arrival of the query, in milliseconds. */
  readonly durationMs: number;
}
