import type { TopList, TopLists } from '../../admin/protocol/index.ts';
import { counted } from '../../base/counted.ts';
import { printableJson, printableLine } from '../../observe/printable.ts';
import type { TopValues } from '../commands/top.ts';
import { paint } from '../terminal.ts';
import { shortened } from './tail.ts';
import { endedEarly, queryOf, watch } from './watch.ts';

/** Where no terminal says what it has. */
const ROWS = 24;
const COLUMNS = 80;
/** Control sequences of a terminal. */
const HOME = '\x1b[H';
const CLEAR = '\x1b[2J';
const CLEAR_LINE = '\x1b[K';
const CLEAR_BELOW = '\x1b[J';

/** `cairn top`: the result is the exit status. */
export async function top(values: TopValues): Promise<number> {
  const { stdout } = process;
  let before: TopLists | undefined;
  const hasLeft = await watch<TopLists>(values, '/v1/top', queryOf(values, ['limit', 'seconds']), (lists) => {
    if (values.json) return `${printableJson(lists)}\n`;
    const { rows = ROWS, columns = COLUMNS } = stdout;
    const size = stdout.isTTY ? { rows: rows - 1, columns } : UNLIMITED;
    const lines = printLists(lists, before, size);
    const isFirst = before === undefined;
    before = lists;
    if (!stdout.isTTY) return `${lines.join('\n')}\n\n`;
    return (isFirst ? CLEAR : '') + HOME + lines.map((line) => `${line}${CLEAR_LINE}\n`).join('') + CLEAR_BELOW;
  });
  if (!hasLeft && values.seconds === undefined) throw endedEarly(values);
  return 0;
}

interface Size {
  readonly rows: number;
  readonly columns: number;
}

const UNLIMITED: Size = { rows: Number.POSITIVE_INFINITY, columns: Number.POSITIVE_INFINITY };

/** The lists as lines that fit the screen. Lists without entries are left out, and so are entries for which there is no room. */
export function printLists(lists: TopLists, before: TopLists | undefined, { rows, columns }: Size): string[] {
  const { seconds, queries, byRcode, byType, byPlugin } = lists;
  const rate = before ? (queries - before.queries) / (seconds - before.seconds) : queries / seconds;
  const head = [
    `${counted(queries, 'query', 'queries')} in ${seconds.toFixed(0)} s; ${rate.toFixed(1)} a second`,
    `rcodes:  ${counts(byRcode)}`,
    `types:   ${counts(byType)}`,
    `plugins: ${counts(byPlugin)}`,
  ].map((line) => shortened(line, columns));
  const shown = SECTIONS.map(([title, key]) => [title, lists[key]] as const).filter(([, list]) => list.length > 0);
  // Each list has an empty line and a title.
  const room = Math.max(1, Math.floor((rows - head.length) / Math.max(1, shown.length)) - 2);
  return [...head, ...shown.flatMap(([title, list]) => ['', ...printList(title, list.slice(0, room), columns)])];
}

const SECTIONS = [
  ['CLIENTS', 'clients'],
  ['NAMESPACES', 'namespaces'],
  ['NAMES', 'names'],
  ['NAMES THAT DO NOT EXIST', 'nxdomain'],
  ['WASTED QUERIES (NXDOMAIN, ONLY ASKED BECAUSE OF A SEARCH LIST)', 'wasted'],
] as const;

function printList(title: string, list: TopList, columns: number): string[] {
  const texts = list.map(({ count, error }) => (error > 0 ? `≤${count}` : String(count)));
  const width = Math.max(7, ...texts.map((text) => text.length));
  const lines = list.map(({ key }, i) => shortened(`${texts[i]!.padStart(width)}  ${printableLine(key)}`, columns));
  return [paint('bold', title, process.stdout), ...lines];
}

/** `NOERROR 12, NXDOMAIN 3`, the largest first. */
function counts(of: Readonly<Record<string, number>>): string {
  const sorted = Object.entries(of).sort(([, a], [, b]) => b - a);
  return sorted.map(([name, count]) => `${printableLine(name) || '(server)'} ${count}`).join(', ') || '-';
}
