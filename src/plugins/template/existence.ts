import { Class, Opcode, Rcode } from '../../dns/message.ts';
import type { Name } from '../../dns/name.ts';
import type { PluginEnv } from '../../plugin/env.ts';
import { replyOfExisting } from '../../plugin/existing.ts';
import { fallsThrough } from '../../plugin/lookup.ts';
import { type Query, withQuestion } from '../../plugin/query.ts';
import { forThisQuery } from '../../plugin/repeat.ts';
import { mapReply, type Reply } from '../../plugin/reply.ts';
import { type Choice, choose } from './find.ts';
import type { Stanza } from './options.ts';
import { isTemplateFailure } from './record.ts';
import { makeReply, soaOf } from './reply.ts';

/** For a query that no stanza answers: whether a stanza has records of the name for another type. */
interface Existence {
  /** The reply to the query. If the name exists for another type, it is not NXDOMAIN. */
  complete(query: Query, reply: Reply | Promise<Reply>): Reply | Promise<Reply>;
}

/** A stanza that makes records of a name, of another type than that of the question. */
interface Other {
  readonly stanza: Stanza;
  readonly zone: Name;
}

export function createExistence(stanzas: readonly Stanza[], label: PluginEnv['label']): Existence {
  const types = [...new Set(stanzas.flatMap(({ type }) => type ?? []))];

  /** The first such stanza, and whether the result depends on the client. */
  function findOther(query: Query): { readonly other?: Other; readonly tailored: boolean } {
    let tailored = false;
    for (const type of types) {
      if (type === query.type) continue;
      const asked = withQuestion(query, { ...query.question, type });
      const choice = choose(asked, stanzas, label);
      tailored ||= choice.tailored;
      if (choice.kind !== 'found') continue;
      const { stanza, found } = choice;
      const makes = makesRecords(asked, choice);
      tailored ||= found.data.tailored;
      if (makes) return { other: { stanza, zone: found.zone }, tailored };
    }
    return { tailored };
  }

  const completed = (query: Query, reply: Reply): Reply => {
    if (reply.rcode === Rcode.NOERROR || reply.drop) return reply;
    const { other, tailored } = findOther(query);
    const settled = other ? existing(query, reply, other) : reply;
    return tailored ? forThisQuery(settled) : settled;
  };
  return {
    complete: (query, reply) =>
      types.length > 0 && isLookup(query) ? mapReply(reply, (made) => completed(query, made)) : reply,
  };
}

function existing(query: Query, reply: Reply, { stanza, zone }: Other): Reply {
  const soa = () => (query.class === Class.IN ? soaOf(zone) : undefined);
  // Names that do not fall through belong to the stanza alone, even if the plugins below fail.
  const certain = !fallsThrough(query.name, stanza.fallthrough);
  return replyOfExisting(reply, { source: 'template', soa, certain });
}

function makesRecords(query: Query, { stanza, found }: Extract<Choice, { kind: 'found' }>): boolean {
  try {
    const { rcode, answer } = makeReply(query, stanza, found, () => {});
    return rcode === Rcode.NOERROR && answer.length > 0;
  } catch (thrown) {
    if (isTemplateFailure(thrown)) return false;
    throw thrown;
  }
}

/** RFC 6895 §3.1: higher types are not types of records, but of queries, such as for a zone transfer. */
const MAX_DATA_TYPE = 127;
const FIRST_LATER_TYPE = 256;

function isLookup({ type, message }: Query): boolean {
  return message.opcode === Opcode.QUERY && (type <= MAX_DATA_TYPE || type >= FIRST_LATER_TYPE);
}
