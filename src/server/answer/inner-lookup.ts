import { type Question, Rcode } from '../../dns/message.ts';
import { type Query, withQuestion } from '../../plugin/query.ts';
import { forThisQuery } from '../../plugin/repeat.ts';
import { failure, mapReply, type Reply } from '../../plugin/reply.ts';
import { inCaseOf } from './letter-case.ts';
import type { Router } from './router.ts';

/** How deep lookups inside the server may nest. A CNAME chain that leads back into the server must end. */
const MAX_DEPTH = 8;

/** The reply to a lookup inside the server, made for a client's query. */
export function lookUpInside(router: Router, query: Query, question: Question): Reply | Promise<Reply> {
  if (query.depth >= MAX_DEPTH) {
    return failure('', Rcode.SERVFAIL, new Error(`lookups inside the server nest more than ${MAX_DEPTH} deep`));
  }
  const inner = { ...withQuestion(query, question), depth: query.depth + 1 };
  const route = router.route(inner.name, question.type, (zone) => ({ ...inner, zone }));
  if (!route?.block.handler) return failure('', Rcode.REFUSED);
  const reply = mapReply(route.block.handler({ ...inner, zone: route.zone }), (made) => {
    const answer = inCaseOf(inner, made.answer);
    return answer === made.answer ? made : { ...made, answer };
  });
  // Another query for the same name might have another route.
  return route.isSelected ? mapReply(reply, forThisQuery) : reply;
}
