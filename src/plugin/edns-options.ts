import { type Edns, EdnsOption } from '../dns/message.ts';
import type { Query } from './query.ts';

/** Options between two neighbours, which are not passed on (RFC 5001, RFC 7830, RFC 7828, RFC 7873). */
export const HOP_BY_HOP: ReadonlySet<number> = new Set([
  EdnsOption.NSID,
  EdnsOption.COOKIE,
  EdnsOption.TCP_KEEPALIVE,
  EdnsOption.PADDING,
]);

const NONE: Edns['options'] = [];

/** The options that plugins have added to the query, as the Corefile says. */
export function addedOptions({ edns, message }: Query): Edns['options'] {
  if (!edns || edns === message.edns || edns.options.length === 0) return NONE;
  return edns.options.filter((option) => !message.edns?.options.includes(option));
}

/**
 * Whether the client tells an upstream more than its question and flags: options that are passed on, such as a client subnet, or records, such as a
 * TSIG. Then the reply, or the failure, is for this client alone.
 */
export function saysMore({ edns, message }: Query): boolean {
  if (message.answer.length + message.authority.length + message.additional.length > 0) return true;
  if (!edns || edns.options.length === 0 || !message.edns) return false;
  const { options } = message.edns;
  return edns.options.some((option) => !HOP_BY_HOP.has(option.code) && options.includes(option));
}
