import { hostname } from 'node:os';
import { noBlock, once } from '../../corefile/arguments.ts';
import { EdnsOption } from '../../dns/message.ts';
import { definePlugin } from '../../plugin/plugin.ts';
import { alterReply, mapReply, type Reply } from '../../plugin/reply.ts';

/** Tells clients which server answered, if they ask for it (RFC 5001). */
export default definePlugin<string | undefined>({
  name: 'nsid',
  dependsOn: 'marked',

  parse(uses) {
    const directive = once(uses);
    noBlock(directive);
    return directive.args.length > 0 ? directive.args.map(({ text }) => text).join(' ') : undefined;
  },

  create(text) {
    const nsid = { code: EdnsOption.NSID, data: Buffer.from(text ?? hostname()) };
    const identify = (reply: Reply): Reply => {
      const others = reply.ednsOptions?.filter(({ code }) => code !== EdnsOption.NSID) ?? [];
      return alterReply(reply, { ednsOptions: [...others, nsid] });
    };
    return {
      wrap: (next) => (query) => {
        const asked = query.edns?.options.some(({ code }) => code === EdnsOption.NSID);
        return asked ? mapReply(next(query), identify) : next(query);
      },
    };
  },
});
