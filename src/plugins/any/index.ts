import { lastUse, noArgs, noBlock } from '../../corefile/arguments.ts';
import { HINFO, QType, type ResourceRecord, rr } from '../../dns/rr.ts';
import { definePlugin } from '../../plugin/plugin.ts';
import type { Query } from '../../plugin/query.ts';
import { UNCHANGING } from '../../plugin/repeat.ts';
import { createReply } from '../../plugin/reply.ts';

/** The record that stands for all others (RFC 8482 §4.2). Its TTL is the number of the RFC. */
const TTL = 8482;
const OBSOLETED = { cpu: 'ANY obsoleted', os: 'See RFC 8482' };

/** Answers queries for ANY with one small record. */
export default definePlugin({
  name: 'any',
  dependsOn: 'question',

  parse(uses) {
    const directive = lastUse(uses);
    noArgs(directive);
    noBlock(directive);
  },

  create: () => ({
    wrap: (next) => (query) =>
      query.type === QType.ANY ? createReply('any', { answer: [obsoleted(query)], repeat: UNCHANGING }) : next(query),
  }),
});

function obsoleted({ question }: Query): ResourceRecord {
  return { ...rr(HINFO, question.name, TTL, OBSOLETED), class: question.class };
}
