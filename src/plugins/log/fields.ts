import { printClass, printRcode } from '../../dns/message.ts';
import { printType } from '../../dns/rr.ts';
import type { LogFields } from '../../observe/log.ts';
import type { Sent } from '../../plugin/plugin.ts';
import { type Query, roomOf } from '../../plugin/query.ts';
import { printFlags } from '../../plugin/query-format.ts';

/** What a JSON log says of a finished query, whatever the format of its text. */
export function fieldsOf(query: Query, sent: Sent): LogFields {
  const { reply, octets, durationMs } = sent;
  const isSent = !reply.drop;
  return {
    client_ip: query.client.address,
    client_port: query.client.port,
    server_ip: query.local.address,
    protocol: query.protocol,
    query_id: query.message.id,
    opcode: query.message.opcode,
    qname: query.name,
    qtype: printType(query.type),
    qclass: printClass(query.class),
    request_size: query.octets,
    do: query.edns?.do ?? false,
    bufsize: roomOf(query),
    rcode: isSent ? printRcode(reply.rcode) : null,
    flags: isSent ? printFlags(sent) : null,
    response_size: isSent ? octets : null,
    duration_seconds: Number((durationMs / 1000).toFixed(9)),
  };
}
