import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { plugins } from '../src/plugins.ts';

const ROOT = resolve(import.meta.dirname, '..');

/** The path of the page. */
export const PLUGINS_PAGE = resolve(ROOT, 'docs/plugins.md');

const HEAD = `# Plugins

A query passes the plugins of its server block in this order, whatever their order in the Corefile. The first plugin that has an answer returns a reply,
which goes back through the plugins above it. The directives are CoreDNS's. Each plugin's page lists the differences.

| Plugin | What it does |
|---|---|
`;

/** The index of plugins, in the order of the chain, as their READMEs describe them. */
export function pluginsPage(): string {
  return (
    HEAD + plugins.map(({ name }) => `| [${name}](../src/plugins/${name}/README.md) | ${summaryOf(name)} |\n`).join('')
  );
}

/** The first sentence below the title of a plugin's README. */
function summaryOf(name: string): string {
  const readme = readFileSync(resolve(ROOT, `src/plugins/${name}/README.md`), 'utf8');
  const summary = /^# \S+\n\n(.+?\.)\s/s.exec(readme)?.[1];
  if (summary === undefined) throw new Error(`the README of ${name} has no first sentence`);
  return summary.replaceAll('\n', ' ');
}

if (import.meta.main) writeFileSync(PLUGINS_PAGE, pluginsPage());
