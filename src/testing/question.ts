import { CairnError } from '../base/errors.ts';
import { Class, printRcode, queryMessage } from '../dns/message.ts';
import { parseUnicodeName } from '../dns/name.ts';
import { printRdata } from '../dns/presentation.ts';
import { printType, type ResourceRecord } from '../dns/rr.ts';
import { decodeMessage } from '../dns/wire/decode.ts';
import { encodeMessage } from '../dns/wire/encode.ts';
import type { Server } from '../server/server.ts';
import { readRecordType } from './record-type.ts';

/** A record of an answer. */
export interface AnswerRecord {
  /** The owner, with its trailing dot. */
  readonly name: string;
  readonly type: string;
  /** Seconds. */
  readonly ttl: number;
  /** As in a zone file: `10.96.0.1`, `0 100 80 web.shop.svc.cluster.local.` */
  readonly data: string;
}

/** The server's response to one question, and its reason. */
export interface Answer {
  /** `NOERROR`, `NXDOMAIN`, `SERVFAIL`, ... NOERROR without records is NODATA: the name exists, the type does not. */
  readonly rcode: string;
  readonly records: readonly AnswerRecord[];
  readonly authority: readonly AnswerRecord[];
  readonly additional: readonly AnswerRecord[];
  /** The plugin that answered; empty for the server itself. */
  readonly plugin: string;
  /** The reason, such as `service shop/db is headless and has no ready endpoint`. */
  readonly reason: string | undefined;
}

/** Asks a server one question, without a search list. @throws CairnError if the type does not exist, or the name is not valid */
export async function ask(server: Server, name: string, type: string): Promise<Answer> {
  const query = encodeMessage(
    queryMessage({ name: parseUnicodeName(name), type: readRecordType(type), class: Class.IN }),
  );
  const explained = await server.explain(query, { protocol: 'tcp' });
  if (!explained?.bytes) throw new CairnError('CLUSTER', `"${name}" gets no response: a plugin drops the query`);
  const { rcode, answer, authority, additional } = decodeMessage(explained.bytes);
  return {
    rcode: printRcode(rcode),
    records: answer.map(printed),
    authority: authority.map(printed),
    additional: additional.map(printed),
    plugin: explained.plugin,
    reason: explained.reason,
  };
}

function printed(record: ResourceRecord): AnswerRecord {
  return { name: record.name, type: printType(record.type), ttl: record.ttl, data: printRdata(record) };
}
