import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { PLUGINS_PAGE, pluginsPage } from '../scripts/plugins-page.ts';

test('docs/plugins.md says what the READMEs of the plugins say; `npm run docs` writes it', () => {
  expect(readFileSync(PLUGINS_PAGE, 'utf8')).toBe(pluginsPage());
});
