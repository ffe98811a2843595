import { expect, test } from 'vitest';
import { directives } from '../../../test/support/directive.ts';
import { parseContext } from '../../../test/support/plugin.ts';
import { parseKubernetes } from './options.ts';

const parse = (text: string, zones = ['cluster.local.']) => parseKubernetes(directives(text), parseContext(zones));
const withOptions = (...lines: string[]) => parse(`kubernetes {\nmanifests m\n${lines.join('\n')}\n}`);

function errorOf(run: () => unknown): string {
  try {
    run();
    return 'no error';
  } catch (thrown) {
    return (thrown as Error).message;
  }
}

test('everything has a default', () => {
  expect(parse('kubernetes {\nmanifests cluster.yaml\n}')).toEqual({
    zones: ['cluster.local.'],
    primary: 'cluster.local.',
    multicluster: [],
    manifests: ['cluster.yaml'],
    connection: undefined,
    limits: { qps: 0, burst: 0, maxInflight: 0 },
    auditMs: 600_000,
    snapshot: undefined,
    serviceCidrs: [],
    podCidrs: [],
    namespacesFromManifests: false,
    namespaces: [],
    namespaceLabels: [],
    labels: [],
    pods: 'disabled',
    endpointPodNames: false,
    ttl: 5,
    noEndpoints: false,
    fallthrough: [],
    guard: undefined,
    isolation: undefined,
    ignoreEmptyService: false,
    zonal: false,
    startupTimeoutMs: 5000,
    ptr: 'all',
    externalNameIP: false,
    terminating: false,
    others: [],
  });
});

const LABELS = [{ key: 'env', operator: 'in', values: ['a', 'b'] }];

test.each([
  ['service_cidr 10.96.0.0/30 fd00::/126', { serviceCidrs: [{ bits: 30 }, { bits: 126 }] }],
  ['pod_cidr 10.244.0.0/16 fd00::/64', { podCidrs: [{ bits: 16 }, { bits: 64 }] }],
  ['namespaces_from_manifests', { namespacesFromManifests: true }],
  ['namespaces a b\nnamespaces c', { namespaces: ['a', 'b', 'c'] }],
  ['namespace_labels env in (a,b)', { namespaceLabels: LABELS }],
  ['labels env in (a, b)', { labels: LABELS }],
  ['pods verified', { pods: 'verified' }],
  ['endpoint_pod_names', { endpointPodNames: true }],
  ['ttl 0', { ttl: 0 }],
  ['ttl 3600', { ttl: 3600 }],
  ['noendpoints', { noEndpoints: true }],
  ['fallthrough', { fallthrough: ['.'] }],
  ['fallthrough In-Addr.arpa', { fallthrough: ['in-addr.arpa.'] }],
  ['ignore empty_service', { ignoreEmptyService: true }],
  ['zonal', { zonal: true }],
  ['startup_timeout 1m30s', { startupTimeoutMs: 90_000 }],
  ['ptr headless-only', { ptr: 'headless-only' }],
  ['external_name_ip', { externalNameIP: true }],
  ['terminating serving', { terminating: true }],
])('%j', (line, expected) => {
  expect(withOptions(line)).toMatchObject(expected);
});

test.each([
  ['kubernetes', ['a.test.', 'b.test.'], ['a.test.', 'b.test.'], 'a.test.'],
  ['kubernetes Cluster.Local 10.0.0.0/8', ['.'], ['cluster.local.', '10.in-addr.arpa.'], 'cluster.local.'],
  ['kubernetes in-addr.arpa x.test', ['.'], ['in-addr.arpa.', 'x.test.'], 'x.test.'],
])('%j in a block for %j serves %j', (line, blockZones, zones, primary) => {
  expect(parse(`${line} {\nmanifests m\n}`, blockZones)).toMatchObject({ zones, primary });
});

test.each([
  ['a.test b.test', 'multicluster a.test', { multicluster: ['a.test.'], primary: 'b.test.' }],
  ['a.test b.test', 'multicluster B.test', { multicluster: ['b.test.'], primary: 'a.test.' }],
  ['a.test', 'multicluster a.test', { multicluster: ['a.test.'], primary: 'a.test.' }],
])('of the zones %s, "%s" are the cluster set\'s', (zones, line, expected) => {
  expect(parse(`kubernetes ${zones} {\nmanifests m\n${line}\n}`)).toMatchObject(expected);
});

test("a reverse zone cannot be the cluster set's", () => {
  expect(errorOf(() => parse('kubernetes a.test in-addr.arpa {\nmanifests m\nmulticluster in-addr.arpa\n}'))).toContain(
    'is not authoritative for the multicluster zone in-addr.arpa. - services have no names in a reverse zone',
  );
});

test('a path starts in the folder of the file that names it', () => {
  const [directive] = directives('kubernetes {\nmanifests a ../b /etc/c\nmanifests d\n}');
  const [first, second] = directive!.options;
  const moved = first!.args.map((token) => ({ ...token, position: { ...token.position, file: 'conf/Corefile' } }));
  const uses = [{ ...directive!, options: [{ ...first!, args: moved }, second!] }];
  const { manifests } = parseKubernetes(uses, parseContext(['.']));
  expect(manifests).toEqual(['conf/a', 'b', '/etc/c', 'd']);
});

const P = ' - Error during parsing:';

test.each([
  ['pods some', `Corefile:3:6${P} unknown value 'some', expecting one of disabled, verified, insecure`],
  [
    'pods',
    `Corefile:3:1${P} Wrong argument count or unexpected line ending after 'pods' - 'pods' takes exactly 1 argument`,
  ],
  ['ttl 3601', `Corefile:3:5${P} invalid ttl '3601', expecting a whole number from 0 to 3600`],
  ['ttl -1', `Corefile:3:5${P} invalid ttl '-1', expecting a whole number from 0 to 3600`],
  ['startup_timeout 5', `Corefile:3:17${P} time: missing unit in duration "5" - '5s' is in seconds`],
  ['pod_cidr 10.244.0.0', `Corefile:3:10${P} invalid CIDR '10.244.0.0', expecting ADDRESS/BITS such as 10.96.0.0/12`],
  ['service_cidr 10.96.0.0', `Corefile:3:14${P} invalid CIDR '10.96.0.0', expecting ADDRESS/BITS such as 10.96.0.0/12`],
  ['ignore nothing', `Corefile:3:8${P} unknown value 'nothing', expecting empty_service`],
  ['ptr some', `Corefile:3:5${P} unknown value 'some', expecting one of all, hostname-first, headless-only`],
  [
    'zonal yes',
    `Corefile:3:7${P} Wrong argument count or unexpected line ending after 'yes' - 'zonal' takes no arguments`,
  ],
  ['nonsense', `Corefile:3:1${P} unknown property 'nonsense'`],
  ['namespace a', `Corefile:3:1${P} unknown property 'namespace'; did you mean namespaces?`],
  [
    'multicluster a.test',
    `Corefile:3:1${P} is not authoritative for the multicluster zone a.test. - add it to the zones of 'kubernetes'`,
  ],
  [
    'multicluster',
    `Corefile:3:1${P} Wrong argument count or unexpected line ending after 'multicluster' - 'multicluster' takes at least 1 argument`,
  ],
  [
    'endpoint https://a',
    `Corefile:3:1${P} 'endpoint' is about an API server, and 'manifests' takes its place - remove one of them`,
  ],
  [
    'apiserver_qps 5',
    `Corefile:3:1${P} 'apiserver_qps' is about an API server, and 'manifests' takes its place - remove one of them`,
  ],
  [
    'upstream',
    `Corefile:3:1${P} unknown property 'upstream' - remove it: targets of ExternalName services are resolved by this server itself`,
  ],
  [
    'transfer to *',
    `Corefile:3:1${P} unknown property 'transfer' - write it beside 'kubernetes': it is a separate plugin`,
  ],
  ['resyncperiod 5m', `Corefile:3:1${P} unknown property 'resyncperiod' - remove it: changes are seen at once`],
  [
    'namespaces a\nnamespace_labels b',
    `Corefile:4:1${P} 'namespaces' and 'namespace_labels' exclude each other - remove one of them`,
  ],
  [
    'noendpoints\nzonal',
    `Corefile:4:1${P} 'zonal' chooses among endpoints, which 'noendpoints' leaves out - remove one of them`,
  ],
  ['terminating ready', `Corefile:3:13${P} unknown value 'ready', expecting serving`],
  [
    'noendpoints\nterminating serving',
    `Corefile:4:1${P} 'terminating' is about endpoints, which 'noendpoints' leaves out - remove one of them`,
  ],
])('%j is an error', (line, message) => {
  expect(errorOf(() => withOptions(line))).toBe(message);
});

test.each([
  ['labels a b', 'Corefile:3:8 - Error during parsing: "a b" in the label selector "a b": '],
  ['namespace_labels (a', 'Corefile:3:18 - Error during parsing: "(a" in the label selector "(a": '],
])('%s is no selector', (line, message) => {
  expect(errorOf(() => withOptions(line))).toContain(message);
});

test.each([
  [
    'kubernetes {\nservice_cidr 10.0.0.0/8\n}',
    `Corefile:2:1${P} 'service_cidr' is about manifests, and there are none - remove it, or add 'manifests PATH'`,
  ],
  [
    'kubernetes {\nnamespaces_from_manifests\n}',
    `Corefile:2:1${P} 'namespaces_from_manifests' is about manifests, and there are none - remove it, or add 'manifests PATH'`,
  ],
  [
    'kubernetes in-addr.arpa',
    `Corefile:1:1${P} non-reverse zone name must be used - add the cluster's zone, such as cluster.local`,
  ],
  ['kubernetes a..b {\nmanifests m\n}', 'Corefile:1:12 - Error during parsing: zone is not a valid domain name'],
])('%j', (text, message) => {
  expect(errorOf(() => parse(text))).toContain(message);
});

test.each([
  ['guard', undefined],
  ['guard networks 10.0.0.7/8 fd00::/8', [{ bits: 8 }, { bits: 8 }]],
])('%j', (line, networks) => {
  const { guard } = parse(`kubernetes cluster.local in-addr.arpa ip6.arpa {\nmanifests m\n${line}\n}`);
  expect(guard).toMatchObject({ networks });
});

test.each([
  [
    '',
    'guard',
    `Corefile:3:1${P} 'guard' is about reverse names, and no zone of 'kubernetes' has any - add in-addr.arpa and ip6.arpa`,
  ],
  ['in-addr.arpa', 'guard nets', `Corefile:3:7${P} unknown value 'nets', expecting networks`],
  [
    'in-addr.arpa',
    'guard networks',
    `Corefile:3:1${P} 'guard networks' needs networks such as 10.96.0.0/12 - add them, or remove 'networks'`,
  ],
  ['in-addr.arpa', 'guard\nguard', `Corefile:4:1${P} 'guard' is there already - list all networks on one line`],
  [
    'in-addr.arpa',
    'guard networks 10.0.0.0/8 fd00::/8',
    `Corefile:3:27${P} the names of fd00::/8 lie in no zone of 'kubernetes' - add ip6.arpa`,
  ],
  [
    '10.96.0.0/16',
    'guard networks 10.96.0.0/12',
    `Corefile:3:16${P} the names of 10.96.0.0/12 lie in no zone of 'kubernetes' - add in-addr.arpa`,
  ],
])('with the zones cluster.local %s, %j is an error', (zones, line, message) => {
  expect(errorOf(() => parse(`kubernetes cluster.local ${zones} {\nmanifests m\n${line}\n}`))).toBe(message);
});

test.each([
  ['isolate', { others: 'deny', rules: [] }],
  ['isolate default allow', { others: 'allow', rules: [] }],
  [
    'isolate allow a b c\nisolate allow * kube-system',
    {
      others: 'deny',
      rules: [
        { from: { name: 'a' }, to: [{ name: 'b' }, { name: 'c' }] },
        { from: '*', to: [{ name: 'kube-system' }] },
      ],
    },
  ],
  [
    'isolate allow team=a "team in (a, b)"',
    {
      rules: [
        { from: { labels: [{ key: 'team', values: ['a'] }] }, to: [{ labels: [{ key: 'team', values: ['a', 'b'] }] }] },
      ],
    },
  ],
  ['isolate allow !x *', { rules: [{ from: { labels: [{ key: 'x', operator: 'absent' }] }, to: ['*'] }] }],
])('%j', (text, isolation) => {
  expect(withOptions('pods verified', text)).toMatchObject({ isolation });
});

test.each([
  ['isolate', `Corefile:3:1${P} 'isolate' must know which namespace each client belongs to - write 'pods verified'`],
  [
    'pods insecure\nisolate',
    `Corefile:4:1${P} 'isolate' must know which namespace each client belongs to - write 'pods verified'`,
  ],
  [
    'pods verified\nlabels a=b\nisolate',
    `Corefile:4:1${P} 'isolate' must know all pods, and 'labels' chooses among them - remove one of them`,
  ],
  ['isolate alow a b', `Corefile:3:9${P} unknown value 'alow', expecting one of allow, default; did you mean allow?`],
  [
    'isolate allow a',
    `Corefile:3:15${P} Wrong argument count or unexpected line ending after 'a' - 'isolate allow' takes at least 2 arguments`,
  ],
  [
    'isolate default',
    `Corefile:3:1${P} Wrong argument count or unexpected line ending after 'isolate default' - 'isolate default' takes exactly 1 argument`,
  ],
  ['isolate default none', `Corefile:3:17${P} unknown value 'none', expecting one of allow, deny`],
  [
    'isolate allow a kube_system',
    `Corefile:3:17${P} 'kube_system' names no namespaces - write a namespace such as kube-system, a selector of labels such as team=a, or *`,
  ],
  ['isolate allow a=b=c d', `Corefile:3:15${P} "a=b=c" in the label selector "a=b=c": `],
])('%j is an error', (line, message) => {
  expect(errorOf(() => withOptions(line))).toContain(message);
});

test.each([
  ['ttl 5', ["'guard' has no effect: without 'fallthrough', no name reaches the next plugins"]],
  ['fallthrough', []],
  ['fallthrough in-addr.arpa', []],
  [
    'fallthrough in-addr.arpa a.cluster.local',
    ["'fallthrough a.cluster.local.' has no effect: 'guard' lets no name of this zone through"],
  ],
])('guard beside %j warns: %j', (line, messages) => {
  const warnings: string[] = [];
  const context = { ...parseContext(['.']), warn: (_: unknown, message: string) => void warnings.push(message) };
  const text = `kubernetes cluster.local in-addr.arpa {\nmanifests m\nguard\n${line}\n}`;
  parseKubernetes(directives(text), context);
  expect(warnings).toEqual(messages);
});

test('each use is a cluster', () => {
  const { manifests, ttl, others } = parse('kubernetes {\nmanifests a\nttl 3\n}\nkubernetes b.test {\nmanifests b\n}');
  expect({ manifests, ttl }).toEqual({ manifests: ['a'], ttl: 3 });
  expect(others).toMatchObject([{ zones: ['b.test.'], manifests: ['b'], ttl: 5 }]);
  expect(errorOf(() => parse('kubernetes {\nttl x\n}\nkubernetes {\npods y\n}')).split('\n')).toHaveLength(2);
});

test('all errors are reported at once', () => {
  expect(errorOf(() => withOptions('ttl x', 'pods y')).split('\n')).toHaveLength(2);
});
