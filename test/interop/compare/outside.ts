import { Rcode } from '../../../src/dns/message.ts';
import { printType } from '../../../src/dns/rr.ts';
import { answerTo, type ScriptedUpstream, startUpstream } from '../../support/upstream.ts';

const SOA = 'example.org. 60 IN SOA ns.example.org. hostmaster.example.org. 1 2 3 4 60';
const THERE: Readonly<Record<string, readonly string[]>> = {
  A: ['there.example.org. 60 IN A 192.0.2.7', 'there.example.org. 60 IN A 192.0.2.8'],
  AAAA: ['there.example.org. 60 IN AAAA 2001:db8::7'],
  TXT: ['there.example.org. 60 IN TXT "here"'],
};

/** A server that knows `there`, `alias` and `empty` of example.org, fails at `broken`, and denies all other names. */
export function startOutside(): Promise<ScriptedUpstream> {
  return startUpstream((query) => {
    const { name, type } = query.message.questions[0]!;
    const label = name.toLowerCase().split('.')[0];
    const there = THERE[printType(type)] ?? [];
    const denial = (rcode: number) =>
      answerTo(query.message, [], { rcode, authority: answerTo(query.message, [SOA]).answer });
    const reply = () => {
      if (label === 'there' && there.length > 0) return answerTo(query.message, there);
      if (label === 'alias') return answerTo(query.message, [`${name} 60 IN CNAME there.example.org.`, ...there]);
      if (label === 'broken') return answerTo(query.message, [], { rcode: Rcode.SERVFAIL });
      return denial(label === 'there' || label === 'empty' ? Rcode.NOERROR : Rcode.NXDOMAIN);
    };
    query.reply(reply());
  });
}
