import type { TailLine, TailNote, TailQuery } from '../../admin/protocol/index.ts';
import { printableJson, printableLine } from '../../observe/printable.ts';
import type { TailValues } from '../commands/tail.ts';
import { paint, printLine } from '../terminal.ts';
import { endedEarly, queryOf, watch } from './watch.ts';

const PARAMETERS = ['client', 'namespace', 'name', 'type', 'rcode', 'plugin', 'server', 'count', 'rate'];
/** Widths from which the plugin, and then the namespace have a column. */
const WITH_PLUGIN = 100;
const WITH_NAMESPACE = 120;

/** `cairn tail`: the result is the exit status. */
export async function tail(values: TailValues): Promise<number> {
  const { stdout } = process;
  const columns = columnsFor(stdout.isTTY ? stdout.columns : Number.POSITIVE_INFINITY);
  const print = (line: TailLine) => {
    if (values.json) return `${printableJson(line)}\n`;
    if ('time' in line) return printQuery(line, columns);
    printNote(line, values.rate);
    return '';
  };
  const printHead = () => {
    if (!values.json) stdout.write(paint('bold', headOf(columns), stdout));
  };
  const hasLeft = await watch(values, '/v1/tail', queryOf(values, PARAMETERS), print, printHead);
  if (!hasLeft && values.count === undefined) throw endedEarly(values);
  return 0;
}

interface Column {
  readonly title: string;
  readonly width: number;
  readonly isRight?: boolean;
  text(query: TailQuery): string;
}

/** The columns for a line of this width. The name is the last, and gets the rest of the line. */
export function columnsFor(width: number): readonly Column[] {
  const all: (Column | false)[] = [
    { title: 'UTC', width: 8, text: ({ time }) => new Date(time).toISOString().slice(11, 19) },
    { title: 'CLIENT', width: 15, text: ({ client }) => client },
    width >= WITH_NAMESPACE && { title: 'NAMESPACE', width: 15, text: ({ namespace }) => namespace ?? '-' },
    { title: 'TYPE', width: 5, text: ({ type }) => type },
    { title: 'RCODE', width: 8, text: ({ rcode }) => rcode ?? 'none' },
    { title: 'ANS', width: 3, isRight: true, text: ({ answers }) => String(answers) },
    { title: 'MS', width: 6, isRight: true, text: ({ durationMs }) => printMs(durationMs) },
    width >= WITH_PLUGIN && { title: 'PLUGIN', width: 10, text: ({ plugin }) => plugin || '-' },
  ];
  const columns = all.filter((column) => column !== false);
  const rest = width - columns.reduce((sum, column) => sum + column.width + 1, 0);
  const nameAndError = ({ name, error }: TailQuery) => (error === undefined ? name : `${name} (${error})`);
  return [...columns, { title: 'NAME', width: rest, text: nameAndError }];
}

/** A line for people. Without a limit of its width, nothing is shortened. */
export function printQuery(query: TailQuery, columns: readonly Column[]): string {
  const isWhole = columns.at(-1)!.width === Number.POSITIVE_INFINITY;
  const cells = columns.map((column) => {
    const text = printableLine(column.text(query));
    const cell = aligned(isWhole ? text : shortened(text, column.width), column);
    return column.title === 'RCODE' && query.rcode !== 'NOERROR' ? paint(styleOf(query), cell, process.stdout) : cell;
  });
  return `${cells.join(' ').trimEnd()}\n`;
}

function headOf(columns: readonly Column[]): string {
  return `${columns
    .map((column) => aligned(column.title, column))
    .join(' ')
    .trimEnd()}\n`;
}

function aligned(text: string, { width, isRight, title }: Column): string {
  if (title === 'NAME') return text;
  return isRight ? text.padStart(width) : text.padEnd(width);
}

/** A text that is too long loses its end. */
export function shortened(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1))}…`;
}

function styleOf({ rcode }: TailQuery): 'yellow' | 'red' {
  return rcode === 'NXDOMAIN' ? 'yellow' : 'red';
}

function printMs(ms: number): string {
  return ms < 100 ? ms.toFixed(2) : ms.toFixed(0);
}

/** What is missing. It does not belong to the lines, which another program may read. */
function printNote({ sampledOut, dropped }: TailNote, rate = 200): void {
  if (sampledOut > 0) {
    const remedy = 'use filters, or a larger --rate';
    printLine(`${sampledOut} queries left out: more than ${rate} a second (${remedy})`, process.stderr, 'dim');
  }
  if (dropped > 0) {
    printLine(`${dropped} queries left out: they were read too slowly`, process.stderr, 'dim');
  }
}
