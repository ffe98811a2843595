import { EdnsOption, Rcode } from '../../dns/message.ts';
import { foldName, joinName, type Name } from '../../dns/name.ts';
import { CNAME, isOfType, QType, type ResourceRecord, rr, SOA } from '../../dns/rr.ts';
import { CairnError } from '../../errors.ts';
import { definePlugin } from '../../plugin/plugin.ts';
import type { Query } from '../../plugin/query.ts';
import { counted, UNCHANGING } from '../../plugin/repeat.ts';
import { createReply, failure, type Reply } from '../../plugin/reply.ts';
import { type Found, find } from './find.ts';
import { templateMetrics } from './metrics.ts';
import { parseStanzas, type Section, type Stanza } from './options.ts';
import { isTemplateFailure, makeRecord } from './record.ts';

/** How long a denial without SOA record may be kept, in seconds. */
const NEGATIVE_TTL = 60;

/** Answers with records that are made from the question. */
export default definePlugin<readonly Stanza[]>({
  name: 'template',

  parse: parseStanzas,

  create(stanzas, env) {
    const metrics = templateMetrics(env.metrics);

    const respond = (query: Query, stanza: Stanza, { data, zone }: Found): Reply | Promise<Reply> => {
      const records = (section: Section) =>
        stanza[section].flatMap((template) => {
          try {
            const record = makeRecord(template, data.data);
            return record ? [spell(record, query)] : [];
          } catch (thrown) {
            if (isTemplateFailure(thrown)) metrics.failed(query.server, data.data, section, template, thrown);
            throw thrown;
          }
        });
      const [answer, authority, additional] = [records('answer'), records('authority'), records('additional')];
      const reply = createReply('template', {
        ...{ rcode: stanza.rcode, answer, additional, uncacheable: true },
        authority: isBareDenial(stanza.rcode, answer, authority) ? [soaOf(zone)] : authority,
        aa: stanza.rcode === Rcode.NOERROR || stanza.rcode === Rcode.NXDOMAIN,
        ...(stanza.extendedError && { ednsOptions: [extendedError(stanza.extendedError)] }),
        ...(!data.tailored && { repeat: UNCHANGING }),
      });
      return followAlias(query, counted(reply, metrics.matched(query.server, data.data)));
    };

    /** The reply to a query for a name whose target another part of the server knows. */
    const followAlias = (query: Query, reply: Reply): Reply | Promise<Reply> => {
      const target = openAlias(query, reply);
      if (target === undefined) return reply;
      const { repeat: _, ...rest } = reply;
      const join = (found: Reply): Reply => ({
        ...rest,
        rcode: found.rcode, // RFC 6604 §3
        answer: [...rest.answer, ...found.answer],
        authority: [...rest.authority, ...found.authority.filter((record) => isOfType(record, SOA))],
        ...(found.error && { error: found.error }),
      });
      const found = env.resolve(query, { ...query.question, name: target });
      return found instanceof Promise ? found.then(join) : join(found);
    };

    return {
      wrap: (next) => (query) => {
        for (const stanza of stanzas) {
          const found = find(query, stanza, env.label);
          if (found === 'pass') continue;
          if (found === 'unmatched') return failure('template', Rcode.SERVFAIL, new UnmatchedError(query.name));
          try {
            return respond(query, stanza, found);
          } catch (thrown) {
            if (isTemplateFailure(thrown)) return failure('template', Rcode.SERVFAIL, thrown);
            throw thrown;
          }
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

/** Records of the name that was asked bear it as the client spelled it. */
function spell(record: ResourceRecord, { name, question }: Query): ResourceRecord {
  return foldName(record.name) === name ? { ...record, name: question.name } : record;
}

/** The target of the answer's last alias, if the answer says nothing of it. */
function openAlias({ type }: Query, { rcode, answer }: Reply): Name | undefined {
  const last = answer.at(-1);
  if (rcode !== Rcode.NOERROR || !last || !isOfType(last, CNAME)) return undefined;
  if (type === CNAME.code || type === QType.ANY || answer.some((record) => record.type === type)) return undefined;
  return last.data.target;
}

function isBareDenial(rcode: number, answer: readonly ResourceRecord[], authority: readonly ResourceRecord[]): boolean {
  if (authority.length > 0) return false;
  return rcode === Rcode.NXDOMAIN || (rcode === Rcode.NOERROR && answer.length === 0);
}

/** Says how long a denial may be kept (RFC 2308 §5): without it, clients ask again and again. */
function soaOf(zone: Name): ResourceRecord {
  return rr(SOA, zone, NEGATIVE_TTL, {
    mname: joinName(['ns', 'dns'], zone),
    rname: joinName(['hostmaster'], zone),
    ...{ serial: 1, refresh: 7200, retry: 1800, expire: 86_400, minimum: NEGATIVE_TTL },
  });
}

function extendedError({ code, text }: { readonly code: number; readonly text: string }) {
  return { code: EdnsOption.EDE, data: Buffer.concat([Uint8Array.of(code >> 8, code & 0xff), Buffer.from(text)]) };
}
