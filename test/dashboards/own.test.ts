import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { allMetrics } from '../../scripts/metrics-page.ts';

interface Panel {
  readonly id: number;
  readonly title: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets: readonly { readonly refId: string; readonly expr: string; readonly legendFormat: string }[];
}

const file = resolve(import.meta.dirname, '../../deploy/grafana/cairn.json');
const { panels }: { panels: readonly Panel[] } = JSON.parse(readFileSync(file, 'utf8'));
const known = new Map((await allMetrics()).map((metric) => [metric.name, metric]));
/** Every series has these from Prometheus. */
const TARGET_LABELS = ['job', 'instance'];

test.each(panels)('the panel "$title" reads metrics and labels that there are', ({ targets }) => {
  expect(targets.length).toBeGreaterThan(0);
  for (const { expr, legendFormat } of targets) {
    const names = [...expr.matchAll(/(\w+)\{([^}]*)\}/g)].map(([, name = '', selector = '']) => {
      expect(known.has(name), name).toBe(true);
      expect(selector).toMatch(/^job=~"\$job",instance=~"\$instance"/);
      return { name, labels: [...selector.matchAll(/(\w+)[=!]/g)].map(([, label]) => label!) };
    });
    expect(names.length).toBeGreaterThan(0);
    expect([...expr.matchAll(/\b(?:cairn|coredns|process)_\w+/g)]).toHaveLength(names.length);
    const grouped = [...expr.matchAll(/ by \(([^)]*)\)/g)].flatMap(([, labels = '']) => labels.split(', '));
    const shown = [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(([, label]) => label!);
    for (const { name, labels } of names) {
      const own = [...known.get(name)!.labels, ...TARGET_LABELS];
      expect(own, expr).toEqual(expect.arrayContaining([...labels, ...grouped, ...shown]));
    }
    if (grouped.length > 0) expect(grouped).toEqual(expect.arrayContaining(shown));
  }
});

test('every panel has a number and a place of its own', () => {
  const places = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
    Array.from({ length: w * h }, (_, i) => `${x + (i % w)} ${y + Math.floor(i / w)}`),
  );
  expect(new Set(places).size).toBe(places.length);
  expect(Math.max(...panels.map(({ gridPos }) => gridPos.x + gridPos.w))).toBeLessThanOrEqual(24);
  expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
  for (const { targets } of panels) expect(new Set(targets.map(({ refId }) => refId)).size).toBe(targets.length);
});

test.each([
  'cairn_memo_hits_total',
  'cairn_memo_outdated_total',
  'cairn_queries_in_flight',
  'cairn_kubernetes_answers_total',
  'cairn_kubernetes_watch_age_seconds',
  'cairn_kubernetes_relists_total',
  'cairn_registry_objects',
  'cairn_registry_bytes',
  'cairn_cache_bytes',
  'cairn_udp_send_errors_total',
  'cairn_udp_receive_errors_total',
  'cairn_udp_worker_dropped_queries_total',
  'cairn_namespace_queries_total',
  'cairn_namespace_responses_total',
  'cairn_namespace_outside_queries_total',
  'cairn_namespace_wasted_queries_total',
  'cairn_namespace_followed_lookups',
  'cairn_namespace_displaced_lookups_total',
])('%s is shown', (name) => {
  expect(panels.some(({ targets }) => targets.some(({ expr }) => expr.includes(`${name}{`)))).toBe(true);
});
