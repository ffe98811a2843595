import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { allMetrics } from '../scripts/metrics-page.ts';
import { folderWith } from './support/folder.ts';
import { canRun, run } from './support/tools.ts';

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly summary: string };
}

const ROOT = resolve(import.meta.dirname, '..');
const read = (path: string) => readFileSync(resolve(ROOT, path), 'utf8');
const { groups } = parse(read('deploy/monitoring/prometheusrule.yaml')).spec as {
  groups: readonly { rules: Rule[] }[];
};
const rules = groups.flatMap((group) => group.rules);
const alerts = [...new Set(rules.map(({ alert }) => alert))];

/** What every series has from Prometheus, and what histograms have. */
const TARGET_LABELS = ['job', 'instance', 'le'];

test('alerts read metrics and labels that there are, of the one job', async () => {
  const known = new Map((await allMetrics()).map((metric) => [metric.name, metric.labels]));
  known.set('up', []);
  for (const { alert, expr } of rules) {
    const series = [...expr.matchAll(/\b(up|(?:cairn|coredns|process)_\w+)(?:\{([^}]*)\})?/g)];
    expect(series.length, alert).toBeGreaterThan(0);
    const labels = series.flatMap(([, name = '', selector = '']) => {
      const own = known.get(name.replace(/_bucket$/, ''));
      expect(own, `${alert}: ${name}`).toBeDefined();
      for (const [, label] of selector.matchAll(/(\w+)=/g)) expect([...own!, ...TARGET_LABELS]).toContain(label);
      return own!;
    });
    for (const [, names = ''] of expr.matchAll(/(?:by|on) \(([^)]*)\)/g))
      expect([...labels, ...TARGET_LABELS, 'bound'], alert).toEqual(expect.arrayContaining(names.split(', ')));
    expect(expr).toMatch(/\{job="kube-dns"/);
    for (const [, selector = ''] of expr.matchAll(/\{([^}]*)\}/g)) expect(selector).toMatch(/^job="kube-dns"/);
  }
});

test('docs/operations.md says of each alert what it means and what to do, and of no other', () => {
  const [, section = ''] = /^## Alerts\n(.*?)^## /ms.exec(read('docs/operations.md')) ?? [];
  const rows = [...section.matchAll(/^\| `(Cairn\w+)` \| (.+) \| (.+) \|$/gm)].map(([, alert]) => alert);
  expect(rows).toEqual(alerts);
});

test('the memory of the alert is the limit of deploy/base', () => {
  const deployment = parse(read('deploy/base/deployment.yaml'));
  const limit = /^(\d+)Mi$/.exec(deployment.spec.template.spec.containers[0].resources.limits.memory)![1];
  const { expr } = rules.find(({ alert }) => alert === 'CairnMemoryNearLimit')!;
  expect(expr).toContain(`/ ${Number(limit) * 2 ** 20} `);
});

/** Values of series, one a minute, as promtool expands them: `FIRST+STEPxTIMES`. */
type Series = Readonly<Record<string, string>>;

const POD = 'job="kube-dns",instance="a"';
const BLOCK = `${POD},server="dns://:53",view=""`;
const UP_A = 'up{job="kube-dns",instance="a"}';

/** Two servers that are well: ten queries a second, few of which fail. */
const WELL: Series = {
  [UP_A]: '1x90',
  'up{job="kube-dns",instance="b"}': '1x90',
  [`coredns_dns_responses_total{${BLOCK},zone=".",plugin="forward",rcode="NOERROR"}`]: '0+600x90',
  [`coredns_dns_responses_total{${BLOCK},zone=".",plugin="",rcode="SERVFAIL"}`]: '0+3x90',
  [`coredns_dns_request_duration_seconds_bucket{${BLOCK},zone=".",le="0.256"}`]: '0+598x90',
  [`coredns_dns_request_duration_seconds_bucket{${BLOCK},zone=".",le="1.024"}`]: '0+599x90',
  [`coredns_dns_request_duration_seconds_bucket{${BLOCK},zone=".",le="4.096"}`]: '0+600x90',
  [`coredns_dns_request_duration_seconds_bucket{${BLOCK},zone=".",le="+Inf"}`]: '0+600x90',
  [`coredns_panics_total{${POD}}`]: '0x90',
  [`cairn_udp_worker_deaths_total{${POD},server="dns://:53"}`]: '0x90',
  [`coredns_reload_failed_total{${POD}}`]: '0x90',
  [`coredns_reload_version_info{${POD},hash="sha512",value="x"}`]: '1x90',
  'coredns_reload_version_info{job="kube-dns",instance="b",hash="sha512",value="x"}': '1x90',
  [`cairn_loop_detected{${POD},server="dns://:53",zone="."}`]: '0x90',
  [`cairn_tls_certificate_expiry_timestamp_seconds{${POD},cert="tls.crt"}`]: '7776000x90',
  [`coredns_forward_healthcheck_failures_total{${POD},to="192.0.2.1:53"}`]: '0x90',
  [`cairn_forward_failures_total{${POD},to="192.0.2.1:53",reason="timeout"}`]: '0+6x90',
  [`coredns_forward_requests_total{${POD},to="192.0.2.1:53"}`]: '0+300x90',
  [`coredns_forward_healthcheck_broken_total{${POD}}`]: '0x90',
  [`cairn_kubernetes_watch_synced{${POD},resource="services"}`]: '1x90',
  [`cairn_kubernetes_watch_age_seconds{${POD},resource="services"}`]: '60x90',
  [`cairn_kubernetes_watch_restarts_total{${POD},resource="services"}`]: '0+0.2x90',
  [`cairn_kubernetes_audits_total{${POD},resource="services",result="differs"}`]: '0x90',
  [`cairn_snapshot_writes_total{${POD},path="/run/cairn/cluster",result="written"}`]: '0+1x90',
  [`cairn_snapshot_writes_total{${POD},path="/run/cairn/cluster",result="failed"}`]: '0x90',
  [`cairn_dnstap_dropped_messages_total{${POD},tap="tcp://192.0.2.9:6000",reason="queue"}`]: '0x90',
  [`cairn_dnstap_dropped_messages_total{${POD},tap="tcp://192.0.2.9:6000",reason="connection"}`]: '0x90',
  [`cairn_trace_spans_total{${POD},result="exported"}`]: '0+600x90',
  [`cairn_trace_spans_total{${POD},result="failed"}`]: '0x90',
  [`cairn_trace_spans_total{${POD},result="dropped"}`]: '0x90',
  [`cairn_draining{${POD}}`]: '0x90',
  [`cairn_forward_gave_way_total{${POD}}`]: '0x90',
  [`coredns_forward_max_concurrent_rejects_total{${POD}}`]: '0x90',
  [`cairn_namespace_wasted_queries_total{${POD},client_namespace="shop"}`]: '0+5400x90',
  'cairn_namespace_wasted_queries_total{job="kube-dns",instance="b",client_namespace="billing"}': '0+5400x90',
  [`cairn_udp_stale_queries_total{${POD},server="dns://:53"}`]: '0x90',
  [`cairn_udp_worker_dropped_queries_total{${POD},server="dns://:53"}`]: '0x90',
  [`coredns_shed_dropped_total{${POD},server="dns://:53",reason="query"}`]: '0x90',
  [`cairn_cache_waiting_rejects_total{${BLOCK},zones="."}`]: '0x90',
  [`cairn_tcp_connections_refused_total{${POD},server="dns://:53"}`]: '0x90',
  [`cairn_udp_receive_errors_total{${POD},server="dns://:53"}`]: '0x90',
  [`cairn_udp_send_errors_total{${POD},server="dns://:53"}`]: '0x90',
  [`coredns_cache_evictions_total{${BLOCK},zones=".",type="success"}`]: '0+30x90',
  [`coredns_cache_misses_total{${BLOCK},zones="."}`]: '0+300x90',
  [`process_resident_memory_bytes{${POD}}`]: '100000000x90',
  [`process_open_fds{${POD}}`]: '40x90',
  [`process_max_fds{${POD}}`]: '1024x90',
};

/** Series whose names begin so get other values, or are removed; a whole name that there is not is added. */
function well(changes: Readonly<Record<string, string | undefined>>): Series {
  const all = { ...WELL };
  for (const [start, values] of Object.entries(changes)) {
    const names = Object.keys(WELL).filter((name) => name.startsWith(start));
    if (names.length === 0) expect(start).toMatch(/\}$/);
    for (const name of names.length > 0 ? names : [start]) {
      if (values === undefined) delete all[name];
      else all[name] = values;
    }
  }
  return all;
}

const FAILED = `coredns_dns_responses_total{${BLOCK},zone=".",plugin="",rcode="SERVFAIL"}`;
const FAILED_WRITES = `cairn_snapshot_writes_total{${POD},path="/run/cairn/cluster",result="failed"}`;
const FAST = `coredns_dns_request_duration_seconds_bucket{${BLOCK},zone=".",le="0.256"}`;
const SLOWER = `coredns_dns_request_duration_seconds_bucket{${BLOCK},zone=".",le="1.024"}`;

/** `ALERT LABELS: SUMMARY` of what fires after an hour and a half. */
const STATES: readonly (readonly [
  what: string,
  changes: Readonly<Record<string, string | undefined>>,
  firing: readonly string[],
])[] = [
  ['all is well', {}, []],
  [
    'nobody reads metrics of the one server',
    { [UP_A]: '1x80 0x10' },
    ['CairnDown warning instance=a: The DNS server a cannot be reached for metrics.'],
  ],
  ['a server is away for a few minutes', { [UP_A]: '1x86 0x4' }, []],
  [
    'nobody reads metrics of any server',
    { 'up{': '0x90' },
    [
      'CairnAbsent critical: No DNS server can be reached for metrics.',
      'CairnDown warning instance=a: The DNS server a cannot be reached for metrics.',
      'CairnDown warning instance=b: The DNS server b cannot be reached for metrics.',
    ],
  ],
  ['there is no server', { 'up{': undefined }, ['CairnAbsent critical: No DNS server can be reached for metrics.']],
  ['a few queries fail', { [FAILED]: '0+24x90' }, ['CairnServfail warning: 3.846% of the responses are SERVFAIL.']],
  [
    'many queries fail',
    { [FAILED]: '0+600x90' },
    [
      'CairnServfail critical: 50% of the responses are SERVFAIL.',
      'CairnServfail warning: 50% of the responses are SERVFAIL.',
    ],
  ],
  ['all of hardly any queries fail', { coredns_dns_responses_total: '0+6x90' }, []],
  ['many queries wait for less than a second', { [FAST]: '0+300x90' }, []],
  [
    'one in fifty queries waits for long',
    { [FAST]: '0+580x90', [SLOWER]: '0+588x90' },
    ['CairnSlow warning server=dns://:53 zone=.: One in a hundred queries for zone . takes more than 2.56s.'],
  ],
  [
    'a bug',
    { coredns_panics_total: '0x85 1x5' },
    ['CairnPanics warning instance=a: Queries at a failed because of a bug in Cairn.'],
  ],
  ['an old bug', { coredns_panics_total: '0x20 1x70' }, []],
  [
    'a thread died',
    { cairn_udp_worker_deaths_total: '0x60 1x30' },
    ['CairnWorkersDie warning instance=a server=dns://:53: A thread of a died and was replaced.'],
  ],
  [
    'a broken Corefile',
    { coredns_reload_failed_total: '0x60 1x30' },
    ['CairnReloadFailed warning instance=a: a could not load the changed Corefile, and serves the old one.'],
  ],
  [
    'servers with different Corefiles',
    { 'coredns_reload_version_info{job="kube-dns",instance="b",hash="sha512",value="y"}': '1x90' },
    ['CairnCorefilesDiffer warning: The DNS servers have 2 different Corefiles.'],
  ],
  [
    'a Corefile on its way to all servers',
    { 'coredns_reload_version_info{job="kube-dns",instance="b",hash="sha512",value="y"}': '_x80 1x10' },
    [],
  ],
  [
    'a loop',
    { cairn_loop_detected: '1x90' },
    ['CairnLoop critical instance=a zone=.: The upstreams for zone . send queries back to a, so it does not forward.'],
  ],
  [
    'a certificate ends',
    { cairn_tls_certificate_expiry_timestamp_seconds: '91800x90' },
    ['CairnCertificateExpires warning cert=tls.crt instance=a: The certificate tls.crt of a expires in 1d 0h 0m 0s.'],
  ],
  [
    'an upstream is silent',
    { coredns_forward_healthcheck_failures_total: '0+60x90', cairn_forward_failures_total: '0+60x90' },
    [
      'CairnUpstreamDown warning to=192.0.2.1:53: The upstream 192.0.2.1:53 does not respond.',
      'CairnUpstreamFails warning to=192.0.2.1:53: 20% of the queries to the upstream 192.0.2.1:53 get no response.',
    ],
  ],
  ['an upstream was silent', { coredns_forward_healthcheck_failures_total: '0+60x60 3600x30' }, []],
  [
    'all upstreams are silent',
    { coredns_forward_healthcheck_broken_total: '0+60x90' },
    ['CairnAllUpstreamsDown critical: Queries came while all upstreams were down.'],
  ],
  [
    'the cluster was never listed',
    { cairn_kubernetes_watch_synced: '0x90', cairn_kubernetes_watch_age_seconds: '0+60x90' },
    ['CairnNotSynced critical instance=a resource=services: a has not been able to list services.'],
  ],
  [
    'a watch is stale',
    { cairn_kubernetes_watch_age_seconds: '60x60 0+60x29' },
    ['CairnWatchStale warning instance=a resource=services: What a knows of services is 29m 0s old.'],
  ],
  ['a quiet watch', { cairn_kubernetes_watch_age_seconds: '100x90' }, []],
  [
    'a watch is cut again and again',
    { cairn_kubernetes_watch_restarts_total: '0+6x90' },
    ['CairnWatchRestarts warning instance=a resource=services: The watch of services by a is cut again and again.'],
  ],
  [
    'an audit found lost events',
    { cairn_kubernetes_audits_total: '0x60 1x29' },
    [
      'CairnEventsLost warning instance=a resource=services result=differs: The watch of services by a lost events, so names were wrong for some minutes.',
    ],
  ],
  [
    'snapshots are not written',
    { [FAILED_WRITES]: '0x60 1+1x29' },
    ['CairnSnapshotFails warning instance=a path=/run/cairn/cluster: a cannot write the snapshot /run/cairn/cluster.'],
  ],
  ['a snapshot was not written, and the next one was', { [FAILED_WRITES]: '0x70 1x19' }, []],
  [
    'a tap loses messages for two reasons',
    { cairn_dnstap_dropped_messages_total: '0+600x90' },
    [
      'CairnDnstapDrops warning instance=a tap=tcp://192.0.2.9:6000: The tap tcp://192.0.2.9:6000 of a loses 20 messages a second.',
    ],
  ],
  [
    'a tap lost messages while its program was started again',
    { cairn_dnstap_dropped_messages_total: '0x80 600x9' },
    [],
  ],
  ...['failed', 'dropped'].map(
    (result) =>
      [
        `spans: ${result}`,
        { [`cairn_trace_spans_total{${POD},result="${result}"}`]: '0+600x90' },
        ['CairnSpansLost info instance=a: a loses 10 spans of traces a second.'],
      ] as const,
  ),
  [
    'a server is drained, and forgotten',
    { cairn_draining: '0x20 1x69' },
    ['CairnDrained warning instance=a: a has been drained for an hour, so its Service sends it no queries.'],
  ],
  ['a server is drained for a while', { cairn_draining: '0x60 1x29' }, []],
  ...['cairn_forward_gave_way_total', 'coredns_forward_max_concurrent_rejects_total'].map(
    (name) =>
      [
        name,
        { [name]: '0+6x90' },
        ['CairnForwardLimitReached warning instance=a: a refuses queries because too many wait for upstreams.'],
      ] as const,
  ),
  ...(
    [
      ['cairn_udp_stale_queries_total', 'unread'],
      ['cairn_udp_worker_dropped_queries_total', 'backlog'],
      ['coredns_shed_dropped_total', 'shed'],
      ['cairn_cache_waiting_rejects_total', 'cache'],
      ['cairn_tcp_connections_refused_total', 'connections'],
    ] as const
  ).map(
    ([name, bound]) =>
      [
        name,
        { [name]: '0+6x90' },
        [
          `CairnQueriesDropped warning bound=${bound} instance=a: a drops queries or connections because too many wait (bound: ${bound}).`,
        ],
      ] as const,
  ),
  [
    'clients of a namespace waste queries at both servers',
    { 'cairn_namespace_wasted_queries_total{job="kube-dns",instance="b",client_namespace="shop"}': '0+1800x90' },
    ['CairnSearchListWaste info client_namespace=shop: Search lists waste 120 queries a second of the namespace shop.'],
  ],
  [
    'clients of a namespace waste queries for a while',
    { [`cairn_namespace_wasted_queries_total{${POD},client_namespace="shop"}`]: '0x40 0+12000x50' },
    [],
  ],
  ['queries were dropped for a moment', { coredns_shed_dropped_total: '0x80 600x10' }, []],
  ...['cairn_udp_receive_errors_total', 'cairn_udp_send_errors_total'].map(
    (name) =>
      [
        name,
        { [name]: '0+6x90' },
        ['CairnSocketErrors warning instance=a: The system of a refuses to receive or send UDP.'],
      ] as const,
  ),
  [
    'a cache that is too small',
    { coredns_cache_evictions_total: '0+240x90' },
    ['CairnCacheTooSmall info instance=a: Most of the new responses in the cache of a displace others.'],
  ],
  [
    'little memory is left',
    { process_resident_memory_bytes: '173000000x90' },
    ['CairnMemoryNearLimit warning instance=a: a uses 97.05% of its memory limit.'],
  ],
  [
    'few files are left',
    { process_open_fds: '960x90' },
    ['CairnFilesNearLimit warning instance=a: a has 93.75% of the files open that it may.'],
  ],
];

test('every alert fires in some state', () => {
  const fired = STATES.flatMap(([, , firing]) => firing.map((line) => /^\w+ \w+/.exec(line)![0]));
  expect([...new Set(fired)].toSorted()).toEqual(
    rules.map(({ alert, labels }) => `${alert} ${labels.severity}`).toSorted(),
  );
});

/** As promtool wants it: labels in full, and the text. */
function expectedAlert(line: string) {
  const [, head = '', summary] = /^(.*?): (.*)$/.exec(line)!;
  const [alertname, severity, ...pairs] = head.split(' ');
  // What is absent has no labels.
  const job = alertname === 'CairnAbsent' ? {} : { job: 'kube-dns' };
  const labels = Object.fromEntries(pairs.map((pair) => pair.split('=') as [string, string]));
  return { alertname, exp_labels: { severity, ...job, ...labels }, exp_annotations: { summary } };
}

describe.runIf(canRun('promtool', ['--version']))('with promtool', () => {
  const rulesFile = (folder: string) => join(folder, 'rules.yaml');
  const withRules = (files: Readonly<Record<string, string>> = {}) =>
    folderWith({ 'rules.yaml': stringify({ groups }), ...files });

  test('the rules are valid', async () => {
    const { code, stdout, stderr } = await run('promtool', ['check', 'rules', '--lint-fatal', rulesFile(withRules())]);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toContain(`${rules.length} rules found`);
  });

  test.each(STATES)('%s', async (_, changes, firing) => {
    const expected = firing.map(expectedAlert);
    const folder = withRules({
      'test.yaml': stringify({
        rule_files: ['rules.yaml'],
        tests: [
          {
            interval: '1m',
            input_series: Object.entries(well(changes)).map(([series, values]) => ({ series, values })),
            alert_rule_test: alerts.map((alertname) => ({
              eval_time: '90m',
              alertname,
              exp_alerts: expected
                .filter((alert) => alert.alertname === alertname)
                .map(({ alertname: _, ...alert }) => alert),
            })),
          },
        ],
      }),
    });
    const { code, stdout, stderr } = await run('promtool', ['test', 'rules', join(folder, 'test.yaml')]);
    expect(code, `${stdout}${stderr}`).toBe(0);
  });
});
