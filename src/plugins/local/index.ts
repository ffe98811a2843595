import { exactArgs, lastUse, noArgs, oneOf, parseOptions } from '../../corefile/arguments.ts';
import { Class, Rcode } from '../../dns/message.ts';
import { isAtOrBelow, longestZone, type Name } from '../../dns/name.ts';
import { A, AAAA, NS, PTR, type ResourceRecord, rr, SOA } from '../../dns/rr.ts';
import { definePlugin } from '../../plugin/plugin.ts';
import type { Query } from '../../plugin/query.ts';
import { counted, UNCHANGING } from '../../plugin/repeat.ts';
import { createReply, type Reply } from '../../plugin/reply.ts';

/** Whether `localhost.ANYTHING`, which search lists make from `localhost`, is this host, too. */
interface LocalOptions {
  readonly localhostPrefix: boolean;
}

const LOCALHOST: Name = 'localhost.';
/** The reverse zones of addresses that no other host can have (RFC 6303 §4.2). */
const REVERSE_ZONES: readonly Name[] = ['0.in-addr.arpa.', '127.in-addr.arpa.', '255.in-addr.arpa.'];
const LOOPBACK: Name = '1.0.0.127.in-addr.arpa.';
/** A week. */
const TTL = 604_800;

/** Answers for names and addresses of the host itself, so that they are not forwarded. */
export default definePlugin<LocalOptions>({
  name: 'local',
  dependsOn: 'question',

  // It answers the names of localhost alone.
  ends: () => ({ zones: [] }),

  parse(uses) {
    const directive = lastUse(uses);
    noArgs(directive);
    let localhostPrefix = true;
    parseOptions(directive, {
      localhost_prefix(line) {
        localhostPrefix = oneOf(exactArgs(line, 1)[0], ['on', 'off']) === 'on';
      },
    });
    return { localhostPrefix };
  },

  create({ localhostPrefix }, env) {
    const count = env.metrics
      .counter('coredns_local_localhost_requests_total', 'Queries for names below localhost, or that begin with it.')
      .cell();
    return {
      wrap: (next) => (query) => {
        const { name } = query;
        if (query.class !== Class.IN) return next(query);
        if (isAtOrBelow(name, LOCALHOST)) {
          const reply = answerLocalhost(query, LOCALHOST);
          return name === LOCALHOST ? reply : counted(reply, count, query);
        }
        if (localhostPrefix && name.startsWith(LOCALHOST)) return counted(answerLocalhost(query, name), count, query);
        const zone = longestZone(name, REVERSE_ZONES);
        return zone === undefined ? next(query) : answerReverse(query, zone);
      },
    };
  },
});

/** `apex` is the owner of the SOA and NS records: `localhost.`, or for `localhost.ANYTHING` the name itself. */
function answerLocalhost({ name, type, question }: Query, apex: Name): Reply {
  const owner = question.name;
  if (type === A.code) return reply([rr(A, owner, TTL, { address: '127.0.0.1' })]);
  if (type === AAAA.code) return reply([rr(AAAA, owner, TTL, { address: '::1' })]);
  return name === LOCALHOST ? answerApex(type, owner, apex) : negative(Rcode.NOERROR, apex);
}

function answerReverse({ name, type, question }: Query, zone: Name): Reply {
  const owner = question.name;
  if (name === zone) return answerApex(type, owner, zone);
  if (name === LOOPBACK && type === PTR.code) return reply([rr(PTR, owner, TTL, { target: LOCALHOST })]);
  // 0.127.in-addr.arpa and 0.0.127.in-addr.arpa exist, since there is a name below them (RFC 8020).
  return negative(isAtOrBelow(LOOPBACK, name) ? Rcode.NOERROR : Rcode.NXDOMAIN, zone);
}

function answerApex(type: number, owner: Name, zone: Name): Reply {
  if (type === SOA.code) return reply([soa(owner)]);
  if (type === NS.code) return reply([rr(NS, owner, TTL, { target: LOCALHOST })]);
  return negative(Rcode.NOERROR, zone);
}

function reply(answer: readonly ResourceRecord[]): Reply {
  return createReply('local', { aa: true, answer, repeat: UNCHANGING });
}

function negative(rcode: number, zone: Name): Reply {
  return createReply('local', { aa: true, rcode, authority: [soa(zone)], repeat: UNCHANGING });
}

function soa(zone: Name): ResourceRecord {
  const timers = { serial: 1, refresh: 0, retry: 0, expire: 0, minimum: TTL };
  return rr(SOA, zone, TTL, { mname: LOCALHOST, rname: 'root.localhost.', ...timers });
}
