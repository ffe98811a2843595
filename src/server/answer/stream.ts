import type { ResourceRecord } from '../../dns/rr.ts';
import { encodeMessages } from '../../dns/wire/encode.ts';
import type { Query } from '../../plugin/query.ts';
import type { Reply } from '../../plugin/reply.ts';
import { recordsInCaseOf } from './letter-case.ts';
import { tellObservers } from './observers.ts';
import { type Delivery, replyHead } from './reply-message.ts';
import type { Block } from './router.ts';
import type { ServerWatch } from './watch.ts';

/**
 * The messages of a reply over TCP that has many (RFC 5936 §2.2) are of this size: names in them can point only to the first 16 KiB,
 * and others wait while one is made.
 */
const STREAMED_MESSAGE_OCTETS = 20 * 1024;

/** What goes back to a client: a message, messages to be pulled one by one (TCP only), or nothing. */
export type Answer = Buffer | Iterator<Buffer> | undefined;

/** The message that comes first, where no others are wanted. */
export function firstMessage(answer: Answer): Buffer | undefined {
  if (!answer || !('next' in answer)) return answer;
  const { value, done } = answer.next();
  answer.return?.();
  return done ? undefined : value;
}

/** The messages of a reply that does not end with the first one; observers are told of all of them together. */
export function* streamMessages(
  query: Query,
  block: Block,
  reply: Reply,
  following: Iterable<ResourceRecord>,
  delivery: Delivery,
  watch: ServerWatch,
): Generator<Buffer, void> {
  let octets = 0;
  const message = { ...replyHead(query, reply, block, delivery), ...recordsInCaseOf(query, reply) };
  try {
    for (const bytes of encodeMessages(message, following, STREAMED_MESSAGE_OCTETS)) {
      octets += bytes.length;
      yield bytes;
    }
  } catch (thrown) {
    watch.recovered(query, thrown, block.debug);
    throw thrown;
  } finally {
    tellObservers(query, block, reply, message, octets, watch);
  }
}
