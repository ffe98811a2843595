import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { METRICS_PAGE, metricsPage } from '../scripts/metrics-page.ts';

test('docs/metrics.md lists the metrics that there are; `npm run docs` writes it', async () => {
  expect(readFileSync(METRICS_PAGE, 'utf8')).toBe(await metricsPage());
});
