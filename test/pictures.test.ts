import { globSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { barChart } from '../bench/plot.ts';

const ROOT = resolve(import.meta.dirname, '..');

/** About the width of a character in the sizes that the pictures use. */
const CHARACTER = 6.2;

interface Area {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

const attributesOf = (tag: string) =>
  new Map([...tag.matchAll(/([\w-]+)="([^"]*)"/g)].map(([, key, value]) => [key, value]));

function areaOf(x: number, y: number, width: number, height: number): Area {
  return { left: x, right: x + width, top: y, bottom: y + height };
}

function labelsOf(svg: string): (Area & { readonly label: string })[] {
  return [...svg.matchAll(/<text ([^>]*)>(.*?)<\/text>/gs)].map(([, tag = '', content = '']) => {
    const attributes = attributesOf(tag);
    const label = content.replaceAll(/<[^>]*>/g, '');
    const width = label.length * CHARACTER;
    const before = { middle: width / 2, end: width }[attributes.get('text-anchor') ?? ''] ?? 0;
    return { label, ...areaOf(Number(attributes.get('x')) - before, Number(attributes.get('y')) - 9, width, 10) };
  });
}

function boxesOf(svg: string): Area[] {
  return [...svg.matchAll(/<rect ([^>]*)\/>/g)].map(([, tag = '']) => {
    const attributes = attributesOf(tag);
    const [x = 0, y = 0, width = 0, height = 0] = ['x', 'y', 'width', 'height'].map((key) =>
      Number(attributes.get(key)),
    );
    return areaOf(x, y, width, height);
  });
}

const overlap = (a: Area, b: Area) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
const within = (a: Area, b: Area) => a.left >= b.left && a.right <= b.right && a.top >= b.top && a.bottom <= b.bottom;

/** The labels that the edge of a box crosses, or that a box covers. */
const coveredLabels = (svg: string) =>
  labelsOf(svg)
    .filter((label) => boxesOf(svg).some((box) => overlap(label, box) && !within(label, box)))
    .map(({ label }) => label);

test.each(globSync('docs/**/*.svg', { cwd: ROOT }))('every label of %s can be read', (picture) => {
  expect(coveredLabels(readFileSync(resolve(ROOT, picture), 'utf8'))).toEqual([]);
});

test('the legend of the bar chart has room for every name', () => {
  const result = { setup: 'kubeadm', row: 'cluster: A', window: 200, cpuMicrosecondsPerQuery: 10 };
  const results = ['Cairn', 'Cairn, no memo', 'CoreDNS'].map((server) => ({ ...result, server }));
  expect(coveredLabels(barChart({ results } as unknown as Parameters<typeof barChart>[0]))).toEqual([]);
});
