/**
 * Puts the report of a bench run into the documentation: `node bench/publish.ts REPORT.json` draws docs/performance.svg and
 * replaces the figures in docs/performance.md.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { barChart } from './plot.ts';
import { markdown, type Report } from './report.ts';

const DOCS = resolve(import.meta.dirname, '../docs');
const START = '<!-- figures -->\n';
const END = '<!-- end of figures -->\n';

const [file] = process.argv.slice(2);
if (file === undefined) throw new Error('usage: node bench/publish.ts REPORT.json');
const report = JSON.parse(readFileSync(file, 'utf8')) as Report;
const page = `${DOCS}/performance.md`;
const text = readFileSync(page, 'utf8');
const [start, end] = [text.indexOf(START), text.indexOf(END)];
if (start < 0 || end < start)
  throw new Error(`${page} must have ${START.trim()} and ${END.trim()} on lines of their own`);
writeFileSync(page, `${text.slice(0, start + START.length)}\n${markdown(report)}\n\n${text.slice(end)}`);
writeFileSync(`${DOCS}/performance.svg`, barChart(report));
