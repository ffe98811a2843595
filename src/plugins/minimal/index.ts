import { lastUse, noArgs, noBlock } from '../../corefile/arguments.ts';
import { Rcode } from '../../dns/message.ts';
import { isOfDenial } from '../../dns/rr.ts';
import { definePlugin } from '../../plugin/plugin.ts';
import { mapReply, type Reply } from '../../plugin/reply.ts';

/** Removes records that the client did not ask for. */
export default definePlugin({
  name: 'minimal',
  dependsOn: 'question',

  parse(uses) {
    const directive = lastUse(uses);
    noArgs(directive);
    noBlock(directive);
  },

  create: () => ({ wrap: (next) => (query) => mapReply(next(query), minimize) }),
});

/** Replies without an answer need their SOA or NS records, for caching and for referrals. */
function minimize(reply: Reply): Reply {
  const { rcode, answer, authority, additional } = reply;
  if (rcode !== Rcode.NOERROR || answer.length === 0 || authority.length + additional.length === 0) return reply;
  // A CNAME chain may end in a negative reply, and a wildcard's answer needs a proof that the name itself does not exist.
  return { ...reply, authority: authority.filter(isOfDenial), additional: [] };
}
