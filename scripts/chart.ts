import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { isMap, isScalar, type Pair, parse, parseDocument, stringify, type YAMLMap } from 'yaml';
import { plugins } from '../src/plugins.ts';

const ROOT = resolve(import.meta.dirname, '..');
const CHART = resolve(ROOT, 'deploy/helm/cairn');

const read = (path: string) => readFileSync(resolve(ROOT, path), 'utf8');

/**
 * The files of the Helm chart that say what others say, by their paths in it: a chart cannot read what is outside of its folder.
 */
export function chartFiles(): Readonly<Record<string, string>> {
  const { version } = JSON.parse(read('package.json')) as { version: string };
  return {
    'Chart.yaml': chartFile('Chart.yaml')
      .replace(/^version: .*/m, `version: ${version}`)
      .replace(/^appVersion: .*/m, `appVersion: "${version}"`),
    'files/Corefile': parse(read('deploy/base/configmap.yaml')).data.Corefile,
    'files/plugins': plugins.map(({ name }) => `${name}\n`).join(''),
    'files/alerts.yaml': stringify(parse(read('deploy/monitoring/prometheusrule.yaml')).spec.groups, { lineWidth: 0 }),
    'README.md': chartFile('README.md').replace(/(?<=\n## Values\n\n).*?(?=\n## )/s, () =>
      valuesTable(chartFile('values.yaml')),
    ),
  };
}

export function chartFile(path: string): string {
  return readFileSync(resolve(CHART, path), 'utf8');
}

/** A row for each value with a comment that begins with `--`. */
function valuesTable(values: string): string {
  const rows = documented(parseDocument(values).contents as YAMLMap, '');
  const cell = (text: string) => text.replaceAll('|', '\\|');
  const lines = rows.map(
    ({ key, value, text }) => `| \`${key}\` | \`${cell(JSON.stringify(value))}\` | ${cell(text)} |`,
  );
  return ['| Value | Default | |', '|---|---|---|', ...lines].join('\n').concat('\n');
}

interface Row {
  readonly key: string;
  readonly value: unknown;
  readonly text: string;
}

function documented(map: YAMLMap, prefix: string): Row[] {
  return map.items.flatMap((pair, i) => {
    const key = `${prefix}${(pair as Pair<{ value: string }>).key.value}`;
    const comment = commentOf(pair, i === 0 ? map.commentBefore : undefined);
    const below = isMap(pair.value) ? documented(pair.value, `${key}.`) : [];
    if (comment === undefined) return below;
    const value = isMap(pair.value) || !isScalar(pair.value) ? (pair.value as YAMLMap).toJSON() : pair.value.value;
    return [{ key, value, text: comment }, ...below];
  });
}

/** The comment above the first key of a map is the map's. */
function commentOf({ key }: Pair, ofMap: string | null | undefined): string | undefined {
  const comment = (key as { commentBefore?: string | null }).commentBefore ?? ofMap ?? '';
  const [, text] = /^ ?--(.*)$/m.exec(comment) ?? [];
  return text?.trim();
}

if (import.meta.main)
  for (const [path, text] of Object.entries(chartFiles())) writeFileSync(resolve(CHART, path), text);
