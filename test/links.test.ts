import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { stepsOf } from './support/pages.ts';

const ROOT = resolve(import.meta.dirname, '..');
const pages = globSync(
  [
    '*.md',
    'docs/*.md',
    'deploy/*/README.md',
    'deploy/helm/*/README.md',
    'examples/*/README.md',
    'src/plugins/*/README.md',
  ],
  {
    cwd: ROOT,
  },
);

/** The anchors of a page, as they are made from its headings. */
function anchorsOf(path: string): string[] {
  const headings = readFileSync(path, 'utf8')
    .replaceAll(/^(`{3,}).*?^\1$/gms, '')
    .matchAll(/^#+ (.*)$/gm);
  const slug = (text: string) =>
    text
      .toLowerCase()
      .replaceAll(/[^\w\- ]/g, '')
      .replaceAll(' ', '-');
  return [...headings].map(([, text]) => slug(text!));
}

function leads(from: string, link: string): boolean {
  const [path = '', anchor] = link.split('#');
  const target = path === '' ? resolve(ROOT, from) : resolve(ROOT, dirname(from), path);
  return existsSync(target) && (anchor === undefined || anchorsOf(target).includes(anchor));
}

test.each(pages)('the links of %s lead somewhere', (page) => {
  const links = [...readFileSync(resolve(ROOT, page), 'utf8').matchAll(/\]\(([^)\s]+)\)/g)].map(([, link]) => link!);
  expect(links.filter((link) => !/^https?:/.test(link) && !leads(page, link))).toEqual([]);
});

/** Names that stand for others, and the plugin that a reader of CONTRIBUTING.md writes. */
const PLACEHOLDER = /NAME|\/refuse\b/;

test.each(pages)('the files that %s names exist', (page) => {
  const named = readFileSync(resolve(ROOT, page), 'utf8').matchAll(
    /`((?:src|test|docs|deploy|bench|scripts|examples)\/[^`\s]*)`/g,
  );
  const saved = stepsOf(page).map((step) => ('file' in step ? step.file : ''));
  const paths = [...named].map(([, path]) => path!).filter((path) => !PLACEHOLDER.test(path) && !saved.includes(path));
  expect(paths.filter((path) => globSync(path, { cwd: ROOT }).length === 0)).toEqual([]);
});
