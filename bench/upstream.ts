import { Rcode } from '../src/dns/message.ts';
import { parseRecord } from '../src/dns/presentation.ts';
import { A } from '../src/dns/rr.ts';
import { answerTo, type ScriptedUpstream, startUpstream } from '../test/support/upstream.ts';

/** An upstream that knows hosts with an IPv4 address below example.com, and nothing else. */
export function startBenchUpstream(): Promise<ScriptedUpstream> {
  return startUpstream(({ message, reply }) => {
    const { name, type } = message.questions[0]!;
    const known = /^api-\d+\.example\.com\.$/i.test(name);
    if (known && type === A.code) return reply(answerTo(message, [`${name} 3600 IN A 198.51.100.1`]));
    const zone = known ? 'example.com.' : '.';
    const authority = [parseRecord(`${zone} 3600 IN SOA ns.example.com. hostmaster.example.com. 1 7200 1800 86400 60`)];
    reply(answerTo(message, [], { authority, rcode: known ? Rcode.NOERROR : Rcode.NXDOMAIN }));
  });
}
