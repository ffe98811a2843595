import { printClass, printRcode } from '../dns/message.ts';
import { printType } from '../dns/rr.ts';
import { decodeFlags } from '../dns/wire/decode.ts';
import type { PluginEnv } from './env.ts';
import type { Sent } from './plugin.ts';
import { type Query, roomOf } from './query.ts';
import { createReply } from './reply.ts';

/** Prints one query, with what was sent. */
type Format = (query: Query, sent: Sent) => string;

/** For a query without a response, or one whose response is not known: fields of the response have no value. */
export const NOT_SENT: Sent = {
  reply: createReply('', { drop: true }),
  flags: decodeFlags(0),
  octets: 0,
  durationMs: 0,
};

export const COMMON_FORMAT =
  '{remote}:{port} - {>id} "{type} {class} {name} {proto} {size} {>do} {>bufsize}" {rcode} {>rflags} {rsize} {duration}';
const COMBINED_FORMAT = `${COMMON_FORMAT} "{>opcode}"`;

/** The value of a field without one. */
const NOTHING = '-';

const FLAGS = ['qr', 'aa', 'tc', 'rd', 'ra', 'ad', 'cd'] as const;

/** The fields of a format, by their name in braces. */
const FIELDS: Readonly<Record<string, Format>> = {
  type: (query) => printType(query.type),
  class: (query) => printClass(query.class),
  name: (query) => query.name,
  proto: (query) => query.protocol,
  remote: (query) => bracketed(query.client.address),
  port: (query) => String(query.client.port),
  local: (query) => bracketed(query.local.address),
  size: (query) => String(query.octets),
  duration: (_, sent) => (sent === NOT_SENT ? NOTHING : printSeconds(sent.durationMs)),
  rcode: (_, sent) => (sent.reply.drop ? NOTHING : printRcode(sent.reply.rcode)),
  rsize: (_, sent) => (sent.reply.drop ? NOTHING : String(sent.octets)),
  '>rflags': (_, sent) => (sent.reply.drop ? NOTHING : printFlags(sent)),
  '>id': (query) => String(query.message.id),
  '>opcode': (query) => String(query.message.opcode),
  '>do': (query) => String(query.edns?.do ?? false),
  '>bufsize': (query) => String(roomOf(query)),
};

/** Compiles a format from its text. `{x}` stays as it is unless x is a field, the name of a format, or `/LABEL`, which `label` reads. */
export function compileFormat(text: string, label: PluginEnv['label']): Format {
  const whole = text.replaceAll('{common}', COMMON_FORMAT).replaceAll('{combined}', COMBINED_FORMAT);
  const parts = whole
    .split(/(\{[^{}]*\})/)
    .filter((part) => part !== '')
    .map((part) => compilePart(part, label));
  return (query, sent) => {
    let line = '';
    for (const part of parts) line += typeof part === 'string' ? part : part(query, sent);
    return line;
  };
}

function compilePart(part: string, label: PluginEnv['label']): string | Format {
  const field = part.startsWith('{') && part.endsWith('}') ? part.slice(1, -1) : '';
  if (field.startsWith('/')) return (query) => label(query, field.slice(1)) ?? NOTHING;
  return Object.hasOwn(FIELDS, field) ? FIELDS[field]! : part;
}

/** The flags of the response, such as `qr,aa,rd`. */
export function printFlags({ flags }: Sent): string {
  return FLAGS.filter((flag) => flags[flag]).join(',');
}

/** The time in seconds, with up to nine decimals and no trailing zeros. */
function printSeconds(ms: number): string {
  return `${(ms / 1000).toFixed(9).replace(/\.?0+$/, '')}s`;
}

function bracketed(address: string): string {
  return address.includes(':') ? `[${address}]` : address;
}
