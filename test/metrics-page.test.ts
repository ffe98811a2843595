import { globSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { METRICS_PAGE, metricsPage } from '../scripts/metrics-page.ts';

test('docs/metrics.md lists the metrics that there are; `npm run docs` writes it', async () => {
  expect(readFileSync(METRICS_PAGE, 'utf8')).toBe(await metricsPage());
});

test('docs/metrics.md has every metric of which a plugin tells', () => {
  const page = readFileSync(METRICS_PAGE, 'utf8');
  const readmes = globSync('src/plugins/*/README.md').map((file) => readFileSync(file, 'utf8'));
  const told = readmes.flatMap((text) =>
    [...text.matchAll(/`((?:coredns|cairn)_\w*[a-z])[`{]/g)].map(([, name]) => name!),
  );
  expect(told.length).toBeGreaterThan(50);
  expect(told.filter((name) => !page.includes(`\`${name}\``))).toEqual([]);
});
