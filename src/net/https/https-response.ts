import { Rcode } from '../../dns/message.ts';
import { headsOf } from '../../dns/wire/packed.ts';
import { readResponse } from '../../dns/wire/response.ts';
import type { HttpResponse } from './https-exchange.ts';

const MAX_AGE_SECONDS = 3600;
/** How long an error may be kept: it speaks of a moment. */
const ERROR_AGE_SECONDS = 5;

/** The response that carries a reply (RFC 8484 §4.2). */
export function dnsResponse(reply: Uint8Array): HttpResponse {
  const headers = { 'content-type': 'application/dns-message', 'cache-control': `max-age=${maxAgeSeconds(reply)}` };
  return { status: 200, headers, body: reply };
}

/** RFC 8484 §5.1: no longer than the smallest TTL; a reply without records says nothing of its age. */
function maxAgeSeconds(reply: Uint8Array): number {
  const { rcode, records } = readResponse(reply);
  if (rcode !== Rcode.NOERROR && rcode !== Rcode.NXDOMAIN) return ERROR_AGE_SECONDS;
  const smallest = headsOf(records).smallestTtl();
  return Number.isFinite(smallest) ? Math.min(MAX_AGE_SECONDS, smallest) : 0;
}
