import { Class, Rcode } from '../../dns/message.ts';
import type { Name } from '../../dns/name.ts';
import { readsLabels } from '../../expression/constant.ts';
import { NO_LABELS } from '../../plugin/arguments.ts';
import { UnservedError } from '../../plugin/existing.ts';
import { closedZones } from '../../plugin/lookup.ts';
import { definePlugin } from '../../plugin/plugin.ts';
import type { Query } from '../../plugin/query.ts';
import { counted, forThisQuery } from '../../plugin/repeat.ts';
import { failure, mapReply, type Reply } from '../../plugin/reply.ts';
import { createExistence } from './existence.ts';
import { choose, type Found } from './find.ts';
import { templateMetrics } from './metrics.ts';
import { parseStanzas, type Stanza } from './options.ts';
import { isTemplateFailure } from './record.ts';
import { completeChain, makeReply } from './reply.ts';

/** Answers with records that are made from the question. */
export default definePlugin<readonly Stanza[]>({
  name: 'template',
  dependsOn: 'marked',

  parse: parseStanzas,

  ends: (stanzas) => ({
    zones: stanzas.flatMap(endedZones),
    asked: stanzas.flatMap(({ zones }) => zones),
    remedy: "name a type instead of ANY, or add 'match' and 'fallthrough'",
  }),

  create(stanzas, env) {
    const metrics = templateMetrics(env);
    const expressions = stanzas.flatMap(({ conditions, variables }) => [
      ...conditions,
      ...variables.map(({ expression }) => expression),
    ]);
    if (expressions.some(readsLabels) && !env.block.labelled) env.log.warning(NO_LABELS);
    const existence = createExistence(stanzas, env.label);
    const respond = (query: Query, stanza: Stanza, found: Found): Reply | Promise<Reply> => {
      const { server } = query;
      const { data } = found.data;
      try {
        const reply = makeReply(query, stanza, found, (...failed) => metrics.failed(server, data, ...failed));
        return completeChain(query, counted(reply, metrics.matches(server, data)), env.resolve);
      } catch (thrown) {
        if (isTemplateFailure(thrown)) return forThisQuery(failure('template', Rcode.SERVFAIL, thrown));
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
  return tailored ? mapReply(reply, forThisQuery) : reply;
}

/** The zones whose queries the stanza never passes on: it answers all of them, or fails. */
function endedZones({ zones, class: queryClass, type, patterns, conditions, fallthrough }: Stanza): readonly Name[] {
  if (type !== undefined || (queryClass !== undefined && queryClass !== Class.IN)) return [];
  const answersAll = patterns.length === 0 && conditions.length === 0;
  return answersAll ? zones : closedZones(zones, fallthrough);
}

function unmatched({ name }: Query, problem: string): Reply {
  return { ...failure('template', Rcode.SERVFAIL, new UnmatchedError(name, problem)), uncacheable: true };
}

class UnmatchedError extends UnservedError {
  constructor(name: Name, problem: string) {
    super('TEMPLATE_UNMATCHED', `${name}: ${problem}`);
  }
}
