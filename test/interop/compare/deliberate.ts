import { isDeepStrictEqual } from 'node:util';
import { foldName, labelsOf } from '../../../src/dns/name.ts';
import { parseReverseName } from '../../../src/dns/reverse.ts';
import { printType } from '../../../src/dns/rr.ts';
import type { KubernetesObject } from '../../support/api-server/index.ts';
import type { Difference } from './compare.ts';
import { equal, kindOf, type Outcome, printOutcome } from './outcome.ts';
import { readPodAddresses, spelledAddress } from './pod-names.ts';
import { readServices, type ServiceNames } from './service-names.ts';
import type { Settings } from './settings.ts';

/** A difference with what was served, CoreDNS on the left and Cairn on the right. */
export interface Case extends Difference {
  readonly settings: Settings;
  readonly objects: readonly KubernetesObject[];
}

/** A difference that Cairn means to make. */
export interface Deliberate {
  readonly topic: string;
  /** Where the pages tell users of it, word for word. */
  readonly readme: string;
  applies(facts: Facts): boolean;
}

/** What the rows judge by. */
export interface Facts {
  readonly type: string;
  /** In the client's letter case. */
  readonly name: string;
  /** Left of the zone, folded. */
  readonly labels: readonly string[];
  readonly reverse: boolean;
  /** What CoreDNS and Cairn say, such as `NXDOMAIN > NODATA`. */
  readonly kinds: string;
  readonly left: Outcome;
  readonly right: Outcome;
  readonly objects: readonly KubernetesObject[];
  /** The service that the name is of or lies below, if there is one. */
  readonly service: ServiceNames | undefined;
  /** The address that the first label spells with dashes, in canonical text. */
  readonly address: string | undefined;
  /** Of the namespace that the name is in. */
  readonly pods: {
    readonly verified: boolean;
    readonly primary: ReadonlySet<string>;
    readonly secondary: ReadonlySet<string>;
  };
  has(option: string): boolean;
}

const EXISTS = 'NXDOMAIN > NODATA';
const denied = (kinds: string) => kinds.endsWith('> NXDOMAIN');
const isUpper = (name: string) => foldName(name) !== name;
const isWholeReverse = (name: string) => {
  const parsed = parseReverseName(foldName(name));
  return parsed !== undefined && 'address' in parsed;
};
const hasAlias = ({ answer }: Outcome) => answer.some((line) => line.includes(' IN CNAME '));
const appears = (kinds: string) => kinds === 'NXDOMAIN > hit' || kinds === EXISTS;
const below = (labels: readonly string[], ...end: string[]) => labels.slice(-end.length).join('.') === end.join('.');

/** All of them; the first that applies is the reason. */
export const deliberate: readonly Deliberate[] = [
  {
    topic: 'SOA where no name is',
    readme: 'NODATA to SOA at names that do not exist',
    applies: ({ type, kinds }) => type === 'SOA' && kinds === 'NODATA > NXDOMAIN',
  },
  {
    topic: 'a reverse zone has no svc and pod',
    readme: 'A reverse zone has no `svc` and `pod`',
    applies: ({ reverse, labels, kinds }) => reverse && ['svc', 'pod'].includes(labels.at(-1)!) && denied(kinds),
  },
  {
    topic: 'types at names with names below',
    readme: 'Whether a name exists never depends on the type asked for',
    applies: ({ type, kinds, labels }) =>
      kinds === EXISTS &&
      ((type === 'TXT' && (labels.length === 0 || /^([^.]+\.)?(svc|pod)$/.test(labels.join('.')))) ||
        (['TXT', 'PTR'].includes(type) && labels.join('.') === 'ns.dns')),
  },
  {
    topic: 'types at dns-version',
    readme: 'to most types at `dns-version.Z`',
    applies: ({ kinds, labels }) => kinds === EXISTS && labels.join('.') === 'dns-version',
  },
  {
    topic: 'types at reverse names',
    readme: 'Whether a name exists never depends on the type asked for',
    applies: ({ kinds, name, type }) => kinds === EXISTS && type !== 'PTR' && isWholeReverse(name),
  },
  {
    topic: 'names above others',
    readme: '`dns.Z`, `_tcp.SERVICE.NAMESPACE.svc.Z` and partial reverse names exist',
    applies: ({ kinds, labels, name, reverse, service }) =>
      kinds === EXISTS &&
      (labels.join('.') === 'dns' ||
        (reverse && !isWholeReverse(name)) ||
        (service !== undefined && labels.length === 4 && below(labels, 'svc'))),
  },
  {
    topic: 'below a pod or an address',
    readme: "Nothing exists below a pod's name, nor to the left of a whole reverse name",
    applies: ({ labels, reverse, kinds, name }) =>
      denied(kinds) &&
      (reverse ? parseReverseName(foldName(name)) === undefined : labels.length > 3 && below(labels, 'pod')),
  },
  {
    topic: 'SRV of a pod',
    readme: "A pod's name has no SRV records",
    applies: ({ type, kinds, labels }) =>
      type === 'SRV' && kinds === 'hit > NODATA' && labels.length === 3 && below(labels, 'pod'),
  },
  {
    topic: 'letter case of name servers',
    readme: 'Apex NS and `ns.dns.Z` are answered in any letter case',
    applies: ({ name, type, labels }) =>
      isUpper(name) && (labels.join('.') === 'ns.dns' || (labels.length === 0 && type === 'NS')),
  },
  {
    topic: 'letter case of what is repeated',
    readme: 'A name is answered in the letter case in which it was asked for',
    applies: ({ name, left, right }) =>
      isUpper(name) &&
      equal(left, { ...right, authority: left.authority }) &&
      isDeepStrictEqual(...foldedAuthorities(left, right)),
  },
  {
    topic: 'name servers of a reverse zone',
    readme: 'NS records of a reverse zone name hosts that exist',
    applies: ({ reverse, type, kinds }) => reverse && type === 'NS' && kinds.endsWith('> hit'),
  },
  {
    topic: 'zonal names',
    readme: 'With `zonal`, names below a headless service without a ready endpoint do not exist',
    applies: ({ has, kinds, labels, service }) =>
      has('zonal') &&
      service !== undefined &&
      labels.at(-4) === '_zone' &&
      below(labels, 'svc') &&
      (kinds === 'NODATA > NXDOMAIN' || (kinds === EXISTS && labels.length === 5)),
  },
  {
    topic: 'ports without a number',
    readme:
      'A port without a number, and that of a slice without ports, has no name of its own and does not count in the weights',
    applies: ({ service, type, labels, kinds }) =>
      service?.allPorts === true &&
      (labels.length === 5 && below(labels, 'svc')
        ? kinds !== 'NXDOMAIN > hit'
        : type === 'SRV' && kinds === 'hit > hit'),
  },
  {
    topic: 'ports without a name',
    readme: '`_._.NAME` and `_._tcp.NAME` do not exist where a service has no port',
    applies: ({ labels, kinds }) =>
      labels.length === 5 && /^_\._(tcp)?$/.test(labels.slice(0, 2).join('.')) && denied(kinds),
  },
  {
    topic: 'ExternalName',
    readme: 'An ExternalName service answers every type with its CNAME record',
    applies: ({ service, labels, right }) =>
      service?.type === 'ExternalName' &&
      labels.length === 3 &&
      below(labels, 'svc') &&
      (hasAlias(right) || right.rcode === 'SERVFAIL'),
  },
  {
    topic: 'spelling of the addresses of endpoints',
    readme: 'Every form of an IPv6 address works in names of pods and endpoints',
    applies: ({ kinds, labels, service, address }) =>
      appears(kinds) &&
      labels.length === 4 &&
      below(labels, 'svc') &&
      address?.includes(':') === true &&
      service?.addresses.includes(address) === true,
  },
  {
    topic: 'spelling of the addresses of pods',
    readme: 'Every form of an IPv6 address works in names of pods and endpoints',
    applies: ({ kinds, labels, address, pods }) =>
      appears(kinds) &&
      labels.length === 3 &&
      below(labels, 'pod') &&
      address?.includes(':') === true &&
      labels[0] !== address.replaceAll(':', '-') &&
      (!pods.verified || pods.primary.has(address) || pods.secondary.has(address)),
  },
  {
    topic: 'secondary addresses of pods',
    readme: '`pods verified` knows all addresses of a pod',
    applies: ({ kinds, labels, address, pods }) =>
      appears(kinds) &&
      labels.length === 3 &&
      below(labels, 'pod') &&
      pods.verified &&
      address !== undefined &&
      pods.secondary.has(address) &&
      !pods.primary.has(address),
  },
  {
    topic: 'spelling of addresses that name endpoints',
    readme: 'Every form of an IPv6 address works in names of pods and endpoints, and in slices',
    applies: ({ left, right }) => equal(folded(left), folded(right)),
  },
  {
    topic: 'endpoints named after pods with dots',
    readme: 'an endpoint whose pod has dots in its name goes by its address',
    applies: ({ has, service, type, left, kinds, labels, reverse }) =>
      has('endpoint_pod_names') &&
      (reverse || (type === 'SRV' && kinds === 'hit > hit')
        ? left.answer.some((line) => /(PTR|SRV \d+ \d+ \d+) pod-\d+\.with\.dots\./.test(line))
        : labels.length === 4 &&
          kinds.startsWith('NXDOMAIN >') &&
          service?.endpoints.includes(labels[0]!) === true &&
          service.endpoints.some((label) => label.includes('.'))),
  },
  {
    topic: 'name servers that are endpoints in one slice of several',
    readme: 'all ready endpoints of that service are name servers, not only those of the same slice',
    applies: ({ type, labels, left, right }) =>
      ((labels.length === 0 && type === 'NS') || labels.join('.') === 'ns.dns') &&
      left.answer.length > 0 &&
      right.answer.length > left.answer.length &&
      left.answer.every((line) => right.answer.includes(line)),
  },
  {
    topic: 'PTR of addresses that a slice spells otherwise',
    readme: 'Every form of an IPv6 address works in names of pods and endpoints, and in slices',
    applies: ({ reverse, type, kinds, left, right, objects }) =>
      reverse &&
      type === 'PTR' &&
      kinds.endsWith('> hit') &&
      left.answer.every((line) => right.answer.includes(line)) &&
      /"[0-9A-F:]*[A-F][0-9A-F:]*:[0-9A-F:]*"/.test(JSON.stringify(objects)),
  },
  {
    topic: 'name servers with addresses of one family',
    readme: 'CoreDNS answers with a CNAME record to `<nil>`',
    applies: ({ left }) => left.answer.some((line) => line.endsWith(' IN CNAME <nil>.')),
  },
  {
    topic: 'PTR to names that do not exist',
    readme: 'PTR records lead only to names that exist; `namespace_labels` hides them, too',
    applies: ({ reverse, type, left, right, has, objects }) => {
      const dropped = left.answer.filter((line) => !right.answer.includes(line));
      const hidden = (line: string) => has('namespace_labels') || has('labels') || !isBelowService(line, objects);
      return reverse && type === 'PTR' && dropped.length > 0 && dropped.every(hidden);
    },
  },
  {
    topic: 'link-local addresses',
    readme: 'Link-local addresses of the machine are not published',
    applies: ({ left, right }) => equal(withoutLinkLocal(left), right),
  },
];

/** Whether a PTR record leads to a service that can have names below it, in a namespace that exists. */
function isBelowService(line: string, objects: readonly KubernetesObject[]): boolean {
  const [, name, namespace] = /([^. ]+)\.([^. ]+)\.svc\.[^ ]+$/.exec(line) ?? [];
  return (
    objects.some(({ kind, metadata }) => kind === 'Namespace' && metadata.name === namespace) &&
    readServices(objects).some((one) => one.name === name && one.namespace === namespace && one.type !== 'ExternalName')
  );
}

function foldedAuthorities(...outcomes: readonly [Outcome, Outcome]): [string[], string[]] {
  const [left, right] = outcomes.map(({ authority }) => authority.map(foldName).sort());
  return [left!, right!];
}

function folded(outcome: Outcome): Outcome {
  const fold = (lines: readonly string[]) => lines.map(foldName).sort();
  return { ...outcome, answer: fold(outcome.answer), additional: fold(outcome.additional) };
}

function withoutLinkLocal(outcome: Outcome): Outcome {
  const others = (lines: readonly string[]) => lines.filter((line) => !/ AAAA fe80:/.test(line));
  return { ...outcome, answer: others(outcome.answer), additional: others(outcome.additional) };
}

/** With `fallthrough`, what a server would deny becomes the failure of the next plugin, as there is none. */
function kindBehind(outcome: Outcome, { options }: Settings): string {
  const passed = printOutcome(outcome) === 'SERVFAIL qr rd' && options.some((line) => line.startsWith('fallthrough'));
  return passed ? 'NXDOMAIN' : kindOf(outcome);
}

/** The row that explains a difference. */
export function explain(one: Case): Deliberate | undefined {
  const facts = factsOf(one);
  return deliberate.find((row) => row.applies(facts));
}

function factsOf({ question, left, right, settings, objects }: Case): Facts {
  const folded = foldName(question.name);
  const zones = settings.zones
    .map((zone) => `${zone}.`)
    .filter((zone) => folded === zone || folded.endsWith(`.${zone}`));
  const zone = zones.sort((a, b) => b.length - a.length)[0];
  const labels = zone === undefined ? labelsOf(folded) : labelsOf(folded).slice(0, -labelsOf(zone).length);
  const [namespace, name] = [labels.at(-2), labels.at(-3)];
  return {
    ...{ type: printType(question.type), name: question.name, labels, left, right, objects },
    reverse: folded.endsWith('.arpa.'),
    kinds: `${kindBehind(left, settings)} > ${kindBehind(right, settings)}`,
    service: readServices(objects).find((one) => one.name === name && one.namespace === namespace),
    address: spelledAddress(labels[0] ?? ''),
    pods: { verified: settings.options.includes('pods verified'), ...readPodAddresses(objects, namespace ?? '') },
    has: (option) => settings.options.some((line) => line === option || line.startsWith(`${option} `)),
  };
}
