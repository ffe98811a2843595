import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type MetricDescription, Metrics } from '../src/observe/metrics.ts';
import { plugins } from '../src/plugins.ts';
import { corefileSource } from '../src/server/configuration/corefile-source.ts';
import { Server } from '../src/server/server.ts';
import { certificate } from '../test/support/certificate.ts';

/** The path of the page. */
export const METRICS_PAGE = resolve(import.meta.dirname, '../docs/metrics.md');

/** A Corefile with every plugin that has metrics. No other server is asked: all addresses are of this machine, and the ports are free or closed. */
const COREFILE = `. tls://. {
    root FOLDER
    bind 127.0.0.1
    admin 127.0.0.1:0
    prometheus 127.0.0.1:0 {
        namespaces
    }
    health 127.0.0.1:0
    reload
    acl {
        allow
    }
    autopath resolv.conf
    cache
    dns64
    dnstap listen tcp://127.0.0.1:0
    file example.zone example.org
    filter AAAA
    forward . 127.0.0.1:9
    hosts /dev/null
    local
    loop
    secondary example.net {
        transfer from 127.0.0.1:9
    }
    shed
    template ANY ANY
    tls cert.pem key.pem
    trace otlp 127.0.0.1:9
    transfer {
        to *
    }
    kubernetes cluster.local in-addr.arpa {
        fallthrough
        guard networks 10.96.0.0/12
        endpoint http://127.0.0.1:9
        snapshot cluster.snapshot
        startup_timeout 1ms
    }
    k8s_gateway example.com {
        startup_timeout 1ms
    }
}

cluster.test {
    bind 127.0.0.1
    kubernetes {
        pods verified
        isolate
        endpoint http://127.0.0.1:9
        startup_timeout 1ms
    }
}
`;

const HEAD = `# Metrics

[prometheus](../src/plugins/prometheus/README.md) serves the metrics at \`/metrics\`, by default on port 9153. A plugin's metrics exist if a server block has
the plugin. \`npm run docs\` writes this page from the metrics of a server with all plugins.

## Dashboards and alerts for CoreDNS

These work unchanged: [coredns-mixin](https://github.com/povilasv/coredns-mixin), the dashboard of kube-prometheus-stack (12539), the one of
[dotdc](https://github.com/dotdc/grafana-dashboards-kubernetes) (15762) and the objective of kube-prometheus. \`test/dashboards\` lists the metrics and labels
that they read, and a test finds each on the metrics page of a server. For their sake there are \`coredns_forward_*\`, which CoreDNS has no longer had since 1.12.
\`server\`, \`zone\`, \`rcode\` and similar labels have CoreDNS's values. \`view\` is the name of the [view](../src/plugins/view/README.md), or empty.

These metrics do not exist:

- \`go_goroutines\`, \`go_gc_duration_seconds\`, \`go_memstats_*\` and all other \`go_*\`, because Cairn does not run on Go. Panels of goroutines stay empty. With
  \`runtime_metrics\` there are \`nodejs_*\` metrics of the heap, the garbage collector and the event loop. \`nodejs_eventloop_lag_p99_seconds\` is the closest
  substitute for the number of goroutines.
- Names that CoreDNS removed in 1.7: \`coredns_dns_request_count_total\`, \`coredns_dns_request_type_count_total\`,
  \`coredns_dns_request_do_count_total\`, \`coredns_dns_response_rcode_count_total\`, \`coredns_cache_size\`, \`coredns_panic_count_total\`. Older
  dashboards, such as 5926 in its first form, show nothing for CoreDNS either.
- Native histograms.

[deploy/grafana/cairn.json](../deploy/grafana/cairn.json) is a dashboard of the metrics that only Cairn has. Import it into Grafana beside one of those above.
\`deploy/monitoring\` has [alerts](operations.md#alerts).
`;

const SECTIONS = [
  { prefix: 'coredns_', text: "## CoreDNS's metrics" },
  { prefix: 'cairn_', text: "## Cairn's metrics" },
  {
    prefix: 'process_',
    text: '## The process\n\nThe names that all clients of Prometheus use. On Linux all of them exist, on other systems only CPU, resident memory and start.',
  },
];

/** The page that lists all metrics. */
export async function metricsPage(): Promise<string> {
  const metrics = await allMetrics();
  const sections = SECTIONS.map(({ prefix, text }) => {
    const rows = metrics.filter(({ name }) => name.startsWith(prefix)).map(row);
    return `\n${text}\n\n| Name | Type | Labels | Meaning |\n|---|---|---|---|\n${rows.join('')}`;
  });
  return HEAD + sections.join('');
}

function row({ name, type, labels, help }: MetricDescription): string {
  return `| \`${name}\` | ${type} | ${labels.join(', ')} | ${help.replaceAll('<', '\\<')} |\n`;
}

/** The metrics of a server with every plugin that has some. */
export async function allMetrics(): Promise<readonly MetricDescription[]> {
  const folder = mkdtempSync(join(tmpdir(), 'cairn-metrics-'));
  for (const part of ['cert', 'key'] as const) writeFileSync(join(folder, `${part}.pem`), certificate[part]);
  const metrics = new Metrics();
  const source = corefileSource({ file: 'Corefile', text: COREFILE.replace('FOLDER', folder), plugins, dnsPort: 0 });
  const server = new Server({ source, metrics, sink: () => {} });
  await server.start();
  await metrics.expose();
  await server.shutdown();
  rmSync(folder, { recursive: true });
  return metrics.descriptions;
}

if (import.meta.main) writeFileSync(METRICS_PAGE, await metricsPage());
