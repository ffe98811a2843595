import { Class, Rcode } from '../../dns/message.ts';
import type { Name } from '../../dns/name.ts';
import { CairnError } from '../../errors.ts';
import { closedZones } from '../../plugin/lookup.ts';
import { definePlugin } from '../../plugin/plugin.ts';
import type { Query } from '../../plugin/query.ts';
import { counted, notRepeatable } from '../../plugin/repeat.ts';
import { failure, mapReply, type Reply } from '../../plugin/reply.ts';
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

  ends: (stanzas) => ({
    zones: stanzas.flatMap(endedZones),
    remedy: "name a type instead of ANY, or add 'match' and 'fallthrough'",
  }),

  create(stanzas, env) {
    const metrics = templateMetrics(env);
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

/** The zones of which the stanza leaves no query to others: it answers them all, or fails where it cannot. */
function endedZones({ zones, class: queryClass, type, patterns, conditions, fallthrough }: Stanza): readonly Name[] {
  if (type !== undefined || (queryClass !== undefined && queryClass !== Class.IN)) return [];
  const answersAll = patterns.length === 0 && conditions.length === 0;
  return answersAll ? zones : closedZones(zones, fallthrough);
}

/** Another client may get another reply to the question: no cache above may keep this one. */
function ofThisClient(reply: Reply): Reply {
  return { ...notRepeatable(reply), uncacheable: true };
}

class UnmatchedError extends CairnError {
  constructor(name: Name, problem: string) {
    super('TEMPLATE_UNMATCHED', `${name}: ${problem}`);
  }
}
