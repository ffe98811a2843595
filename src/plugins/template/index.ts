import { printPosition } from '../../corefile/position.ts';
import { Class, Rcode } from '../../dns/message.ts';
import { isAtOrBelow, type Name } from '../../dns/name.ts';
import { readsLabels } from '../../expression/constant.ts';
import { NO_LABELS } from '../../plugin/arguments.ts';
import { UnservedError } from '../../plugin/existing.ts';
import { isExplained } from '../../plugin/explained.ts';
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

  parse(uses, block) {
    const stanzas = parseStanzas(uses, block);
    for (const [i, stanza] of stanzas.entries()) {
      const first = stanzas.slice(0, i).findIndex((other) => takesAll(other, stanza));
      if (first === -1) continue;
      const message = `never asked: 'template' at ${printPosition(uses[first]!.position)} takes all of its queries`;
      block.warn(uses[i]!.position, message, 'never-asked');
    }
    return stanzas;
  },

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
        const reply = makeReply(query, stanza, found, (...failed) => {
          if (!isExplained(query)) metrics.failed(server, data, ...failed);
        });
        return completeChain(query, counted(reply, metrics.matches(server, data), query), env.resolve);
      } catch (thrown) {
        if (isTemplateFailure(thrown)) return forThisQuery(failure('template', Rcode.SERVFAIL, thrown));
        throw thrown;
      }
    };
    return {
      explain(query) {
        const choice = choose(query, stanzas, env.label);
        return choice.kind === 'found' ? `the template at ${printPosition(choice.stanza.position)}` : undefined;
      },
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

/** The zones whose queries the stanza never passes on, whatever their type: it answers all of them, or fails. */
function endedZones(stanza: Stanza): readonly Name[] {
  const { class: queryClass, type } = stanza;
  if (type !== undefined || (queryClass !== undefined && queryClass !== Class.IN)) return [];
  return keptZones(stanza);
}

/** The zones of which the stanza passes no query of its class and type on. */
function keptZones({ zones, patterns, conditions, fallthrough }: Stanza): readonly Name[] {
  const answersAll = patterns.length === 0 && conditions.length === 0;
  return answersAll ? zones : closedZones(zones, fallthrough);
}

/** Whether a later stanza gets no query, because this one keeps all queries of its class, type and zones. */
function takesAll(stanza: Stanza, later: Stanza): boolean {
  const isWider = (['class', 'type'] as const).every((key) => stanza[key] === undefined || stanza[key] === later[key]);
  const kept = keptZones(stanza);
  return isWider && later.zones.every((zone) => kept.some((wider) => isAtOrBelow(zone, wider)));
}

function unmatched({ name }: Query, problem: string): Reply {
  return { ...failure('template', Rcode.SERVFAIL, new UnmatchedError(name, problem)), uncacheable: true };
}

class UnmatchedError extends UnservedError {
  constructor(name: Name, problem: string) {
    super('TEMPLATE_UNMATCHED', `${name}: ${problem}`);
  }
}
