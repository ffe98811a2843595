import { Rcode } from '../../dns/message.ts';
import type { Name } from '../../dns/name.ts';
import { CairnError } from '../../errors.ts';
import { definePlugin } from '../../plugin/plugin.ts';
import type { Query } from '../../plugin/query.ts';
import { counted } from '../../plugin/repeat.ts';
import { failure, type Reply } from '../../plugin/reply.ts';
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
    const metrics = templateMetrics(env.metrics);
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
        for (const stanza of stanzas) {
          const found = find(query, stanza, env.label);
          if (found === 'pass') continue;
          if (found === 'unmatched') return failure('template', Rcode.SERVFAIL, new UnmatchedError(query.name));
          return respond(query, stanza, found);
        }
        return next(query);
      },
    };
  },
});

class UnmatchedError extends CairnError {
  constructor(name: Name) {
    super('TEMPLATE_UNMATCHED', `no regular expression of the template matches ${name}, and it does not fall through`);
  }
}
