import { Rcode } from '../../dns/message.ts';
import type { Name } from '../../dns/name.ts';
import { CairnError } from '../../errors.ts';
import { definePlugin } from '../../plugin/plugin.ts';
import type { Query } from '../../plugin/query.ts';
import { counted, notRepeatable } from '../../plugin/repeat.ts';
import { failure, mapReply, type Reply } from '../../plugin/reply.ts';
import { warnOfUpstream } from '../../plugin/upstream-option.ts';
import { followAlias } from './alias.ts';
import { type Found, find } from './find.ts';
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
    const respond = (query: Query, stanza: Stanza, found: Found): Reply | Promise<Reply> => {
      const { server } = query;
      const { data } = found.data;
      try {
        const reply = makeReply(query, stanza, found, (...failed) => metrics.failed(server, data, ...failed));
        return followAlias(query, counted(reply, metrics.matches(server, data)), env.resolve);
      } catch (thrown) {
        if (isTemplateFailure(thrown)) return ofThisClient(failure('template', Rcode.SERVFAIL, thrown));
        throw thrown;
      }
    };
    return {
      wrap: (next) => (query) => {
        let tailored = false;
        for (const stanza of stanzas) {
          const found = find(query, stanza, env.label);
          if (found.kind === 'unmatched') {
            return {
              ...failure('template', Rcode.SERVFAIL, new UnmatchedError(query.name, found.problem)),
              uncacheable: true,
            };
          }
          if (found.kind === 'found')
            return tailored ? mapReply(respond(query, stanza, found), ofThisClient) : respond(query, stanza, found);
          tailored ||= found.tailored;
        }
        return tailored ? mapReply(next(query), ofThisClient) : next(query);
      },
    };
  },
});

/** Another client may get another reply to the question: no cache above may keep this one. */
function ofThisClient(reply: Reply): Reply {
  return { ...notRepeatable(reply), uncacheable: true };
}

class UnmatchedError extends CairnError {
  constructor(name: Name, problem: string) {
    super('TEMPLATE_UNMATCHED', `${name}: ${problem}`);
  }
}
