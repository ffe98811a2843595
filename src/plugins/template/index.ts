import { Rcode } from '../../dns/message.ts';
import type { Name } from '../../dns/name.ts';
import { UnservedError } from '../../plugin/existing.ts';
import { definePlugin } from '../../plugin/plugin.ts';
import type { Query } from '../../plugin/query.ts';
import { counted } from '../../plugin/repeat.ts';
import { failure, mapReply, type Reply } from '../../plugin/reply.ts';
import { warnOfUpstream } from '../../plugin/upstream-option.ts';
import { followAlias } from './alias.ts';
import { createExistence, ofThisClient } from './existence.ts';
import { choose, type Found } from './find.ts';
import { templateMetrics } from './metrics.ts';
import { parseStanzas, type Stanza } from './options.ts';
import { isTemplateFailure } from './record.ts';
import { makeReply } from './reply.ts';

/** Answers with records that are made from the question. */
export default definePlugin<readonly Stanza[]>({
  name: 'template',

  parse: parseStanzas,

  create(stanzas, env) {
    const metrics = templateMetrics(env);
    warnOfUpstream(
      env.log,
      stanzas.flatMap(({ upstream }) => upstream),
    );
    const existence = createExistence(stanzas, env.label);
    const respond = (query: Query, stanza: Stanza, found: Found): Reply | Promise<Reply> => {
      const { server } = query;
      const { data } = found.data;
      try {
        const reply = makeReply(query, stanza, found, (...failed) => metrics.failed(server, data, ...failed));
        return followAlias(query, counted(reply, metrics.matches(server, data)), env.resolve);
      } catch (thrown) {
        if (isTemplateFailure(thrown)) return failure('template', Rcode.SERVFAIL, thrown);
        throw thrown;
      }
    };
    return {
      wrap: (next) => (query) => {
        const choice = choose(query, stanzas, env.label);
        switch (choice.kind) {
          case 'failed':
            return unmatched(query, choice.problem);
          case 'unmatched':
            return existence.complete(query, unmatched(query, choice.problem));
          case 'found':
            return settle(respond(query, choice.stanza, choice.found), choice.tailored);
          case 'pass':
            return settle(existence.complete(query, next(query)), choice.tailored);
        }
      },
    };
  },
});

function settle(reply: Reply | Promise<Reply>, tailored: boolean): Reply | Promise<Reply> {
  return tailored ? mapReply(reply, ofThisClient) : reply;
}

function unmatched({ name }: Query, problem: string): Reply {
  return { ...failure('template', Rcode.SERVFAIL, new UnmatchedError(name, problem)), uncacheable: true };
}

class UnmatchedError extends UnservedError {
  constructor(name: Name, problem: string) {
    super('TEMPLATE_UNMATCHED', `${name}: ${problem}`);
  }
}
