import type { ResourceRecord } from '../../dns/rr.ts';
import { encodeMessages } from '../../dns/wire/encode.ts';
import { isExplained } from '../../plugin/explained.ts';
import type { Query } from '../../plugin/query.ts';
import type { Reply } from '../../plugin/reply.ts';
import { recordsInCaseOf } from './letter-case.ts';
import { tellObservers } from './observers.ts';
import { type Delivery, replyHead } from './reply-message.ts';
import type { Block } from './router.ts';
import type { ServerWatch } from './watch.ts';

/**
 * The size of messages of a response that has many (RFC 5936 §2.2). Compression works only within the first 16 KiB, and other clients wait while a
 * message is made.
 */
const STREAMED_MESSAGE_OCTETS = 20 * 1024;

/** What a client gets: a message, messages that are pulled one by one (TCP only), or nothing. */
export type Answer = Buffer | Iterator<Buffer> | undefined;

/** The first message, for callers that do not use the others. */
export function firstMessage(answer: Answer): Buffer | undefined {
  if (!answer || !('next' in answer)) return answer;
  const { value, done } = answer.next();
  answer.return?.();
  return done ? undefined : value;
}

/** The messages of a response that has several. Observers are told once, of all of them. */
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
      if (block.tap && !isExplained(query)) block.tap.clientResponse(query, bytes);
      yield bytes;
    }
  } catch (thrown) {
    watch.recovered(query, thrown, block.debug);
    throw thrown;
  } finally {
    tellObservers(query, block, reply, message, octets, watch);
  }
}
