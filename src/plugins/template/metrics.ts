import type { Cell } from '../../observe/metrics.ts';
import type { PluginEnv } from '../../plugin/env.ts';
import type { QueryData } from './data.ts';
import { RecordError, type RecordTemplate } from './record.ts';

interface TemplateMetrics {
  /** Counts queries that a stanza answers, including repetitions. */
  matches(server: string, data: QueryData['data']): Cell;
  /** Counts a template that failed. */
  failed(server: string, data: QueryData['data'], section: string, template: RecordTemplate, error: Error): void;
}

/** Types and classes without a name share one label value, as a client can make up many. */
function named(text: string): string {
  return /^(?:TYPE|CLASS)\d+$/.test(text) ? 'other' : text;
}

export function templateMetrics({ metrics, block: { view } }: PluginEnv): TemplateMetrics {
  const labels = ['server', 'zone', 'view', 'class', 'type'];
  const ofTemplate = [...labels, 'section', 'template'];
  const matches = metrics.counter('coredns_template_matches_total', 'Queries that a template answered.', labels);
  const templateFailures = metrics.counter(
    'coredns_template_template_failures_total',
    'Templates that failed for a query.',
    ofTemplate,
  );
  const recordFailures = metrics.counter(
    'coredns_template_rr_failures_total',
    'Templates whose result was not a record.',
    ofTemplate,
  );
  const valuesOf = (server: string, { Zone, Class, Type }: QueryData['data']) =>
    [server, String(Zone), view, named(String(Class)), named(String(Type))] as const;
  return {
    matches: (server, data) => matches.cell(...valuesOf(server, data)),
    failed(server, data, section, { source }, error) {
      const failures = error instanceof RecordError ? recordFailures : templateFailures;
      failures.cell(...valuesOf(server, data), section, source).value++;
    },
  };
}
