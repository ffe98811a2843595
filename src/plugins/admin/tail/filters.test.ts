import { expect, test } from 'vitest';
import { sentReply } from '../../../../test/support/plugin.ts';
import { testQuery } from '../../../../test/support/query.ts';
import { parseRcode } from '../../../dns/message.ts';
import { createReply } from '../../../plugin/reply.ts';
import { readParameters } from '../parameters.ts';
import { FILTERS, MAX_CLIENTS, readFilter } from './filters.ts';

const NAMESPACES: Readonly<Record<string, string>> = { '10.244.1.17': 'shop', '10.244.1.18': 'web' };

function filterOf(parameters: string) {
  const read = readParameters(new URLSearchParams(parameters), FILTERS);
  const filter = readFilter(read, (address) => NAMESPACES[address]);
  /** `QUESTION from ADDRESS: RCODE PLUGIN` */
  return (text: string) => {
    const [, question = '', address = '', rcode = '', plugin = ''] = /^(.+) from (\S+): (\S+) ?(\S*)$/.exec(text)!;
    const query = testQuery(question, { client: { address, port: 4000 } });
    const reply = createReply(plugin, rcode === 'nothing' ? { drop: true } : { rcode: parseRcode(rcode)! });
    return filter(query, sentReply(query, reply));
  };
}

const WEB = 'Web.Shop.example. A from 10.244.1.17: NOERROR kubernetes';
const ZONE = 'shop.example. NS from 10.244.1.18: NOERROR file';
const GONE = 'gone.shop.example. AAAA from 192.0.2.1: NXDOMAIN forward';
const OTHER = 'workshop.example. TYPE65 from fe80::1%eth0: nothing acl';
const REFUSED = 'a.test. TYPE4711 from 2001:db8::9: REFUSED';
const ALL = [WEB, ZONE, GONE, OTHER, REFUSED];

test.each<[string, readonly string[]]>([
  ['', ALL],
  ['client=10.244.1.17', [WEB]],
  ['client=10.244.0.0/16,192.0.2.1', [WEB, ZONE, GONE]],
  ['client=!10.244.0.0/16', [GONE, OTHER, REFUSED]],
  ['client=fe80::1', [OTHER]],
  ['client=2001:db8::/32, ::ffff:192.0.2.1', [GONE, REFUSED]],
  ['namespace=shop,none', [WEB]],
  ['namespace=!shop', [ZONE, GONE, OTHER, REFUSED]],
  ['name=web.shop.example', [WEB]],
  ['name=WEB.shop.example.', [WEB]],
  ['name=shop.example', [ZONE]],
  ['name=.shop.example', [WEB, ZONE, GONE]],
  ['name=*.SHOP.example.', [WEB, GONE]],
  ['name=.', []],
  ['name=*', []],
  ['type=aaaa', [GONE]],
  ['type=A,NS', [WEB, ZONE]],
  ['type=TYPE4711,HTTPS', [OTHER, REFUSED]],
  ['rcode=nxdomain,REFUSED', [GONE, REFUSED]],
  ['rcode=!NOERROR', [GONE, OTHER, REFUSED]],
  ['rcode=none', [OTHER]],
  ['plugin=kubernetes,forward', [WEB, GONE]],
  ['plugin=', [REFUSED]],
  ['plugin=!', [WEB, ZONE, GONE, OTHER]],
  ['server=dns://:53', ALL],
  ['server=tls://:853', []],
  ['rcode=NOERROR&client=10.244.1.0/24&name=.example&type=NS', [ZONE]],
])('%s passes what it says', (parameters, passing) => {
  const filter = filterOf(parameters.replaceAll(' ', '+'));
  expect(ALL.filter(filter)).toEqual(passing);
  // What was found of a client once holds for its later queries.
  expect(ALL.filter(filter)).toEqual(passing);
});

test('a name that begins with an asterisk is found with an escape', () => {
  const wildcard = '*.shop.example. A from 192.0.2.1: NOERROR';
  expect(filterOf(`name=${encodeURIComponent('\\*.shop.example')}`)(wildcard)).toBe(true);
  expect(filterOf(`name=${encodeURIComponent('\\*.shop.example')}`)(WEB)).toBe(false);
});

test('clients beyond the limit are judged all the same', () => {
  const filter = filterOf('client=10.1.0.0/16');
  for (let i = 0; i < 2 * MAX_CLIENTS; i++) {
    const address = `10.${i % 2}.${(i >> 8) & 255}.${i & 255}`;
    expect(filter(`a. A from ${address}: NOERROR`)).toBe(i % 2 === 1);
  }
});

test.each([
  ['colour=red', "there is no parameter 'colour', expecting some of client, namespace, name, type"],
  ['tipe=A', 'did you mean type?'],
  ['type=A&type=AAAA', "'type' is given twice"],
  ['type=', "'type' cannot be '', expecting a record type such as AAAA, or TYPE and its number"],
  [
    'type=A,AAAB',
    "'type' cannot be 'AAAB', expecting a record type such as AAAA, or TYPE and its number; did you mean AAAA?",
  ],
  ['rcode=OK', "'rcode' cannot be 'OK', expecting one of NOERROR"],
  ['client=10.0.0', "'client' cannot be '10.0.0', expecting an address such as 10.244.1.17, or a network such as"],
  ['client=10.0.0.0/33', "'client' cannot be '10.0.0.0/33'"],
  ['client=', "'client' cannot be ''"],
  ['namespace=', "'namespace' cannot be '', expecting the name of a namespace"],
  ['server=', "'server' cannot be '', expecting the name of a listener, such as dns://:53"],
  ['name=a..b', "'name' cannot be 'a..b': \"a..b\" has an empty label; expecting a name such as www.example.org"],
  ['name=', "'name' cannot be ''"],
])('%s is refused, and the error says what would be right', (parameters, message) => {
  expect(() => filterOf(parameters)).toThrow(message);
});
