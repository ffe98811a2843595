import { foldName } from '../../../src/dns/name.ts';
import { printType } from '../../../src/dns/rr.ts';
import type { Difference } from './compare.ts';
import type { Block } from './named-cluster.ts';
import { equal, kindOf, type Outcome } from './outcome.ts';

/** A difference from CoreDNS's plugin that Cairn means to make. */
export interface MeantDifference {
  readonly topic: string;
  /** Where the page of the plugin tells users of it, word for word. */
  readonly readme: string;
  applies(facts: Facts): boolean;
}

interface Facts {
  readonly type: string;
  /** Left of the zone, folded; empty for the zone itself. */
  readonly host: string;
  readonly isUpper: boolean;
  /** What CoreDNS and Cairn say, such as `NXDOMAIN > NODATA`. */
  readonly kinds: string;
  readonly left: Outcome;
  readonly right: Outcome;
  readonly block: Block;
}

const ADDRESSES = ['A', 'AAAA'];
const isOf = (host: string, ...hosts: string[]) => hosts.includes(host.replace(/^x\.|^y\./, ''));
const data = (lines: readonly string[]) => lines.map((line) => line.replace(/^\S+ \d+ /, ''));

/** All of them; the first that applies is the reason. */
export const meantDifferences: readonly MeantDifference[] = [
  {
    topic: 'a panic of CoreDNS',
    readme: 'If `ingressClasses` is set, CoreDNS answers with SERVFAIL for an Ingress without a class',
    applies: ({ kinds, block, host }) =>
      kinds.startsWith('failure >') &&
      block.lines.some((line) => line.startsWith('ingressClasses')) &&
      isOf(host, 'annotated'),
  },
  {
    topic: 'SOA at any name',
    readme: 'answers SOA at every name with the SOA record of the zone',
    applies: ({ type, kinds, host }) => type === 'SOA' && host !== '' && kinds.startsWith('hit >'),
  },
  {
    topic: 'fallthrough',
    readme:
      '`fallthrough` passes on queries for names that do not exist. CoreDNS also passes on those for names without an address, for names above others, and for the zone itself, but none for names below a name server',
    applies: ({ block, kinds, host }) =>
      block.lines.includes('fallthrough') &&
      (kinds.startsWith('failure >')
        ? isOf(host, '', 'pending', 'hostname', 'y.deep', 'deep', 'wild', 'kube-system')
        : kinds === 'NXDOMAIN > failure' && host === 'x.dns1.kube-system'),
  },
  {
    topic: 'addresses of name servers',
    readme: 'The name servers have IPv6 addresses, too, and have them whatever the `resources` are',
    applies: ({ host, type, right }) =>
      (/^dns[12]\.kube-system$/.test(host) && ADDRESSES.includes(type)) ||
      (host === '' && type === 'NS' && right.answer.length > 0),
  },
  {
    topic: 'records of DNSEndpoints',
    readme: 'Each record of a DNSEndpoint belongs to its own name and has its own type and TTL',
    applies: ({ host }) =>
      isOf(host, 'first', 'other', 'alias', 'mail', 'bad', 'text', 'one', 'dotted', 'ns.deleg', 'deleg', '*.any') ||
      /(^|\.)(any|deleg)$/.test(host),
  },
  {
    topic: 'host names of load balancers',
    readme: 'Host names of load balancers and Gateways give CNAME records',
    applies: ({ host }) => host === 'hostname',
  },
  {
    topic: 'several objects with one name',
    readme: 'CoreDNS joins the addresses of all of them',
    applies: ({ host, type, left, right }) =>
      type === 'A' && isOf(host, 'claimed') && data(right.answer).every((line) => data(left.answer).includes(line)),
  },
  {
    topic: 'routes and their Gateways',
    readme: 'A host name of a route must be one of a listener, and the Gateway must have accepted the route',
    applies: ({ host }) =>
      isOf(host, 'two-parents', 'refused', 'no-status', 'not-in-listener', 'mesh', '*.star') ||
      /(^|\.)star$/.test(host),
  },
  {
    topic: 'ignored Gateways',
    readme: 'A Gateway with the label `k8s-gateway.dns/ignore` gives its routes no names',
    applies: ({ host }) => isOf(host, 'ignored-gateway'),
  },
  {
    topic: 'wildcards',
    readme: 'CoreDNS replaces the first label of a name by `*`, for all kinds',
    applies: ({ host }) => /\.(routes|wild|stars)$/.test(host),
  },
  {
    topic: 'names that look relative',
    readme: 'CoreDNS also appends the zone to each of them',
    applies: ({ host }) => isOf(host, 'relative', 'short.a'),
  },
  {
    topic: 'names of nodes',
    readme: 'The name of a node is that of the object',
    applies: ({ host }) => isOf(host, 'node-2.zone-b', 'zone-b', 'ip-10-1-0-2'),
  },
  {
    topic: 'annotations with a last dot',
    readme: 'A host name in an annotation may end with a dot',
    applies: ({ host }) => isOf(host, 'edns'),
  },
  {
    topic: 'existence',
    readme: 'A name exists for every type or for none',
    applies: ({ kinds, type }) =>
      kinds === 'NXDOMAIN > NODATA' || (kinds === 'NODATA > NXDOMAIN' && !['A', 'AAAA', 'TXT'].includes(type)),
  },
  {
    topic: 'TTL of the zone',
    readme: '`ttl` also is the TTL of NS and SOA records',
    applies: ({ left, right, block }) =>
      block.lines.some((line) => line.startsWith('ttl')) && equal(withoutTtl(left), withoutTtl(right)),
  },
  {
    topic: 'letter case',
    readme: 'A name is answered in the letter case in which it was asked for',
    applies: ({ left, right, isUpper }) => isUpper && equal(folded(withoutTtl(left)), folded(withoutTtl(right))),
  },
];

function withoutTtl(outcome: Outcome): Outcome {
  const plain = (lines: readonly string[]) =>
    lines.map((line) => line.replace(/^(\S+) \d+/, '$1').replace(/ \d+$/, (end) => (/ SOA /.test(line) ? '' : end)));
  const { answer, authority, additional } = outcome;
  return { ...outcome, answer: plain(answer), authority: plain(authority), additional: plain(additional) };
}

function folded(outcome: Outcome): Outcome {
  const fold = (lines: readonly string[]) => lines.map(foldName).sort();
  const { answer, authority, additional } = outcome;
  return { ...outcome, answer: fold(answer), authority: fold(authority), additional: fold(additional) };
}

/** The row that explains a difference. */
export function explainNames(
  { question, left, right }: Difference,
  block: Block,
  zone: string,
): MeantDifference | undefined {
  const name = foldName(question.name);
  const facts: Facts = {
    ...{ type: printType(question.type), left, right, block },
    host: name.slice(0, -`.${zone}.`.length),
    isUpper: name !== question.name,
    kinds: `${kindOf(left)} > ${kindOf(right)}`,
  };
  return meantDifferences.find((row) => row.applies(facts));
}
