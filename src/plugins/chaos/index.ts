import { hostname } from 'node:os';
import { lastUse, noBlock } from '../../corefile/arguments.ts';
import { atToken } from '../../corefile/error.ts';
import type { Token } from '../../corefile/token.ts';
import { Class } from '../../dns/message.ts';
import { joinName, type Name } from '../../dns/name.ts';
import { QType, type ResourceRecord, rr, SOA, TXT } from '../../dns/rr.ts';
import { unescapeText } from '../../dns/words.ts';
import { replyOfExisting } from '../../plugin/existing.ts';
import { definePlugin } from '../../plugin/plugin.ts';
import { UNCHANGING } from '../../plugin/repeat.ts';
import { createReply, mapReply } from '../../plugin/reply.ts';
import { VERSION } from '../../version.ts';

interface ChaosOptions {
  readonly version: string;
  readonly authors: readonly string[];
}

const DEFAULTS: ChaosOptions = { version: `Cairn-${VERSION}`, authors: ['The Cairn authors'] };

/** Answers questions about the server itself, in class CH. */
export default definePlugin<ChaosOptions>({
  name: 'chaos',
  dependsOn: 'question',

  // It answers queries of class CH alone.
  ends: () => ({ zones: [] }),

  parse(uses) {
    const directive = lastUse(uses);
    noBlock(directive);
    const [version = DEFAULTS.version, ...authors] = directive.args.map(text);
    return { version, authors: authors.length > 0 ? authors : DEFAULTS.authors };
  },

  settings: () => ({ anyClass: true }),

  create({ version, authors }) {
    const host = [unescapeText(hostname())];
    const texts: ReadonlyMap<Name, readonly string[]> = new Map([
      ['version.bind.', [version]],
      ['version.server.', [version]],
      ['authors.bind.', authors],
      ['hostname.bind.', host],
      ['id.server.', host], // RFC 4892 §3.1
    ]);
    return {
      wrap: (next) => (query) => {
        const found = query.class === Class.CH ? texts.get(query.name) : undefined;
        if (!found) return next(query);
        if (query.type !== TXT.code && query.type !== QType.ANY) {
          const soa = () => soaOf(query.question.name);
          return mapReply(next(query), (reply) => replyOfExisting(reply, { source: 'chaos', soa }));
        }
        const owner = { name: query.question.name, type: TXT.code, class: Class.CH, ttl: 0 };
        const answer = found.map((value) => ({ ...owner, data: { texts: [value] } }));
        return createReply('chaos', { aa: true, answer, repeat: UNCHANGING });
      },
    };
  },
});

/** Each name is a separate zone. */
function soaOf(zone: Name): ResourceRecord {
  const timers = { serial: 1, refresh: 7200, retry: 1800, expire: 86_400, minimum: 0 };
  return { ...rr(SOA, zone, 0, { mname: zone, rname: joinName(['hostmaster'], zone), ...timers }), class: Class.CH };
}

function text(token: Token): string {
  return atToken(token, () => unescapeText(token.text));
}
