import type { TailQuery } from '../../../admin/protocol/index.ts';
import { messageOf } from '../../../base/errors.ts';
import { printClass, printRcode, Rcode } from '../../../dns/message.ts';
import { printType } from '../../../dns/rr.ts';
import { printableLine } from '../../../observe/printable.ts';
import type { Query } from '../../../plugin/query.ts';
import { countsOf, type Reply } from '../../../plugin/reply.ts';
import type { Sent } from '../../../plugin/sent.ts';
import type { Way } from '../../../plugin/server-control.ts';

/** Of the text of an error. */
const MAX_ERROR_CHARACTERS = 300;

/** What a viewer sees of a query. It holds nothing of the query, whose octets are soon gone. */
export function lineOf(
  query: Query,
  { reply, octets, durationMs }: Sent,
  way: Way,
  nowMs: number,
  namespace: string | undefined,
): TailQuery {
  const error = errorOf(query, way, reply);
  const isServed = way === 'handled' || way === 'repeated';
  return {
    time: new Date(nowMs - durationMs).toISOString(),
    client: query.client.address,
    clientPort: query.client.port,
    server: query.server,
    protocol: query.protocol,
    name: query.question.name,
    type: printType(query.type),
    class: printClass(query.class),
    ...(isServed && { zone: query.zone }),
    rcode: reply.drop ? null : printRcode(reply.rcode),
    plugin: reply.source,
    repeated: way === 'repeated',
    answers: countsOf(reply).answer,
    requestOctets: query.octets,
    responseOctets: octets,
    durationMs: Math.round(Math.max(0, durationMs) * 1000) / 1000,
    ...(namespace !== undefined && { namespace }),
    ...(error !== undefined && { error }),
  };
}

function errorOf(query: Query, way: Way, { rcode, error }: Reply): string | undefined {
  if (way === 'unserved') return 'no server block serves the name';
  if (way === 'rejected') return rejectionOf(query, rcode);
  return error && printableLine(messageOf(error)).slice(0, MAX_ERROR_CHARACTERS);
}

/** Why no plugin sees a message. */
function rejectionOf({ message, edns, class: code }: Query, rcode: number): string {
  switch (rcode) {
    case Rcode.BADVERS:
      return `version ${edns?.version} of EDNS is not known`;
    case Rcode.NOTIMP:
      return `messages with opcode ${message.opcode} are not answered`;
    case Rcode.REFUSED:
      return `the class ${printClass(code)} is not served`;
    default:
      return 'the message does not have one question, or has more records than a query';
  }
}
