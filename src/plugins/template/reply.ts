import { Class, EdnsOption, Rcode } from '../../dns/message.ts';
import { joinName, type Name } from '../../dns/name.ts';
import { CNAME, DNAME, isOfType, QType, type ResourceRecord, rr, SOA } from '../../dns/rr.ts';
import { followCnameChain } from '../../plugin/cname-chain.ts';
import type { PluginEnv } from '../../plugin/env.ts';
import type { Query } from '../../plugin/query.ts';
import { UNCHANGING } from '../../plugin/repeat.ts';
import { createReply, type Reply } from '../../plugin/reply.ts';
import type { Found } from './find.ts';
import type { Section, Stanza } from './options.ts';
import { isTemplateFailure, makeRecord, type RecordTemplate } from './record.ts';

/** How long a negative response may be cached, in seconds. */
const NEGATIVE_TTL = 60;

/**
 * The reply of a stanza to a query.
 *
 * @param failed called with a template that fails or does not make a record, before the error is thrown.
 * @throws TemplateError, RecordError
 */
export function makeReply(
  query: Query,
  stanza: Stanza,
  { data, zone }: Found,
  failed: (section: Section, template: RecordTemplate, error: Error) => void,
): Reply {
  const records = (section: Section) =>
    stanza[section].flatMap((template) => {
      try {
        const record = makeRecord(template, data.data);
        return record ?? [];
      } catch (thrown) {
        if (isTemplateFailure(thrown)) failed(section, template, thrown);
        throw thrown;
      }
    });
  const { rcode } = stanza;
  const [made, authority, additional] = [records('answer'), records('authority'), records('additional')];
  // A stanza for all types makes the same records for each type. If none has the type of the question, the answer is empty.
  const answer = stanza.type !== undefined || made.some((record) => answers(record, query)) ? made : [];
  const isDenial = rcode === Rcode.NXDOMAIN || (rcode === Rcode.NOERROR && answer.length === 0);
  const lacksSoa = isDenial && authority.length === 0 && query.class === Class.IN;
  return createReply('template', {
    ...{ rcode, answer, additional, uncacheable: true },
    authority: lacksSoa ? [soaOf(zone)] : authority,
    aa: rcode === Rcode.NOERROR || rcode === Rcode.NXDOMAIN,
    ...(stanza.extendedError && { ednsOptions: [extendedError(stanza.extendedError)] }),
    // Only now it is known whether a template has read something that differs between queries.
    ...(!data.tailored && { repeat: UNCHANGING }),
  });
}

/** Whether a record has the type of the question, or is a CNAME record. */
function answers({ type }: ResourceRecord, query: Query): boolean {
  return type === query.type || query.type === QType.ANY || type === CNAME.code || type === DNAME.code;
}

/** Says how long a negative response may be cached (RFC 2308 §5): without it, clients ask again and again. */
export function soaOf(zone: Name): ResourceRecord {
  return rr(SOA, zone, NEGATIVE_TTL, {
    mname: joinName(['ns', 'dns'], zone),
    rname: joinName(['hostmaster'], zone),
    ...{ serial: 1, refresh: 7200, retry: 1800, expire: 86_400, minimum: NEGATIVE_TTL },
  });
}

function extendedError({ code, text }: { readonly code: number; readonly text: string }) {
  return { code: EdnsOption.EDE, data: Buffer.concat([Uint8Array.of(code >> 8, code & 0xff), Buffer.from(text)]) };
}

/** The reply with the server's records for the target of its CNAME chain, if it does not have them itself. */
export function completeChain(query: Query, reply: Reply, resolve: PluginEnv['resolve']): Reply | Promise<Reply> {
  const target = openEnd(query, reply);
  return target === undefined ? reply : followCnameChain(query, reply, target, resolve);
}

function openEnd({ type }: Query, { rcode, answer }: Reply): Name | undefined {
  const last = answer.at(-1);
  if (rcode !== Rcode.NOERROR || !last || !isOfType(last, CNAME)) return undefined;
  if (type === CNAME.code || type === QType.ANY || answer.some((record) => record.type === type)) return undefined;
  return last.data.target;
}
