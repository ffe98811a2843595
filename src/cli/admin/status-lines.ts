import type {
  BlockStatus,
  ListenerStatus,
  PluginState,
  PluginStatus,
  ServerStatus,
  UpstreamStatus,
  WatchStatus,
} from '../../admin/protocol/index.ts';
import { counted, grouped } from '../../base/counted.ts';
import { printDuration } from '../../base/duration.ts';
import { listed } from '../../base/listed.ts';
import { worstFirst } from '../../plugin/status.ts';
import { wrap } from '../wrap.ts';

/** A part of a line, and how it looks at a terminal. */
export type Part = readonly [text: string, style?: 'bold' | 'dim' | 'red' | 'green' | 'yellow'];
export type Line = readonly Part[];

const STYLES = { ok: 'green', waiting: 'yellow', degraded: 'yellow', failing: 'red' } as const;
/** The width of the longest state, and two blanks. */
const STATE_WIDTH = 10;

/** What is wrong, the worst first, then all parts of the server. */
export function statusLines(status: ServerStatus, width: number, nowMs: number): readonly Line[] {
  const { blocks, listeners } = status;
  const problems = problemsOf(status, nowMs);
  return [
    ...head(status, nowMs),
    ...problems.flatMap((problem) => [[], ...problemLines(problem, width)]),
    ...blocks.flatMap((block) => [[], ...blockLines(block, width)]),
    [],
    ...listeners.flatMap((listener) => listenerLines(listener, width)),
  ];
}

function head(status: ServerStatus, nowMs: number): Line[] {
  const { state, version, pid, uptimeSeconds, corefile, logLevel, draining, viewers } = status;
  const loaded = `Corefile ${corefile.hash.slice(0, 12)}, loaded ${sinceThen(corefile.loadedAt, nowMs)} ago`;
  const others = viewers > 0 ? `, ${counted(viewers, 'viewer')}` : '';
  return [
    [
      [state.toUpperCase(), STYLES[state]],
      [`  Cairn ${version}, process ${pid}, up for ${printDuration(uptimeSeconds * 1000)}`],
    ],
    [[`${loaded}, log level ${logLevel}${others}`, 'dim']],
    ...(draining
      ? [[['Draining: /ready says that no new client should come. Queries are answered.', 'yellow']] satisfies Line]
      : []),
  ];
}

interface Problem {
  readonly state: PluginState;
  readonly where: string;
  readonly text: string;
}

function problemsOf({ blocks, corefile }: ServerStatus, nowMs: number): Problem[] {
  const ofPlugins = blocks.flatMap((block) =>
    block.plugins
      .filter(({ state }) => state !== 'ok')
      .map(({ name, state, summary = 'It does not say why.' }) => ({
        state,
        where: `${name} in ${nameOf(block)}`,
        text: summary,
      })),
  );
  const { failed } = corefile;
  if (!failed) return worstFirst(ofPlugins);
  const text = `The last reload failed ${sinceThen(failed.at, nowMs)} ago, and what was loaded before is served: ${failed.error}`;
  return worstFirst([...ofPlugins, { state: 'degraded', where: 'the Corefile', text }]);
}

function problemLines({ state, where, text }: Problem, width: number): Line[] {
  const [first = '', ...rest] = wrap(where, width - STATE_WIDTH);
  const place: Line[] = [
    [stateOf(state), [first, 'bold']],
    ...rest.map((line): Line => [[' '.repeat(STATE_WIDTH)], [line, 'bold']]),
  ];
  return [...place, ...indented(text, STATE_WIDTH, width)];
}

function blockLines(block: BlockStatus, width: number): Line[] {
  const columns = Math.max(...block.plugins.map(({ name }) => name.length)) + 2;
  return [
    ...wrap(nameOf(block), width).map((text): Line => [[text, 'bold']]),
    ...block.plugins.flatMap((plugin) => pluginLines(plugin, columns, width)),
  ];
}

function nameOf({ zones, servers, view }: BlockStatus): string {
  return `${listed(zones)} on ${listed(servers)}${view === undefined ? '' : `, view ${view}`}`;
}

/** The summary of a plugin that is not well is at the top. */
function pluginLines(
  { name, state, summary = '', upstreams = [], watches = [] }: PluginStatus,
  columns: number,
  width: number,
): Line[] {
  const start = `  ${name.padEnd(columns)}`;
  const indent = start.length;
  const [first = '', ...rest] = wrap(summary, width - indent);
  const own: Line[] =
    state === 'ok'
      ? [[[start.concat(first).trimEnd()]], ...rest.map((text): Line => [[' '.repeat(indent) + text]])]
      : [[[start], [state, STYLES[state]]]];
  return [
    ...own,
    ...worstFirst([...upstreams.map(upstreamItem), ...watches.map(watchItem)]).flatMap((item) =>
      itemLines(item, width),
    ),
  ];
}

interface Item {
  readonly state: PluginState;
  readonly text: string;
}

function itemLines({ state, text }: Item, width: number): Line[] {
  const [first = '', ...rest] = wrap(text, width - 4 - STATE_WIDTH);
  return [[['    '], stateOf(state), [first]], ...rest.map((line): Line => [[' '.repeat(4 + STATE_WIDTH) + line]])];
}

function upstreamItem(upstream: UpstreamStatus): Item {
  const { address, zones, state, failedProbes, problem, inFlight, queries, failures, p50Ms, p99Ms, rcodes } = upstream;
  const figures = [
    counted(queries, 'query', 'queries'),
    failures > 0 && `${grouped(failures)} failed`,
    inFlight > 0 && `${grouped(inFlight)} in flight`,
    failedProbes > 0 && `${counted(failedProbes, 'probe')} failed in a row`,
    p50Ms !== undefined && p99Ms !== undefined && `p50 ${printMs(p50Ms)}, p99 ${printMs(p99Ms)}`,
  ].filter((figure) => figure !== false);
  const latest = Object.entries(rcodes ?? {}).sort(([, a], [, b]) => b - a);
  const said =
    latest.length > 0 ? `; latest: ${latest.map(([rcode, times]) => `${grouped(times)} ${rcode}`).join(', ')}` : '';
  const whose = zones ? ` for ${listed(zones)}` : '';
  return { state, text: `${address}${whose}: ${figures.join(', ')}${said}${because(problem)}` };
}

function watchItem({ what, state, objects, ageSeconds, problem, serial, expiresInSeconds }: WatchStatus): Item {
  const figures = [
    serial !== undefined && `serial ${serial}`,
    counted(objects, serial === undefined ? 'object' : 'record'),
    ageSeconds !== undefined && `seen ${printDuration(ageSeconds * 1000)} ago`,
    expiresInSeconds !== undefined && printExpiry(expiresInSeconds),
  ].filter((figure) => figure !== false);
  return { state, text: `${what}: ${figures.join(', ')}${because(problem)}` };
}

function printExpiry(seconds: number): string {
  return seconds < 0 ? `expired ${printDuration(-seconds * 1000)} ago` : `expires in ${printDuration(seconds * 1000)}`;
}

function because(problem: string | undefined): string {
  return problem === undefined ? '' : ` - ${problem}`;
}

function listenerLines(listener: ListenerStatus, width: number): Line[] {
  const { server, addresses, port, threads, inFlight, connections, refusedConnections, memo, udp } = listener;
  const asked = memo.hits + memo.misses;
  const figures = [
    `${addresses.length > 0 ? listed(addresses) : 'all addresses'}, port ${port}`,
    threads > 1 && `${threads} threads`,
    `${grouped(inFlight)} in flight`,
    counted(connections, 'connection'),
    refusedConnections > 0 && `${counted(refusedConnections, 'connection')} refused`,
    asked > 0 && `${Math.round((100 * memo.hits) / asked)} % of ${grouped(asked)} from the memo`,
    ...lossesOf(udp),
  ].filter((figure) => figure !== false);
  const start = `${server}  `;
  const [first = '', ...rest] = wrap(figures.join(', '), width - start.length);
  return [[[start, 'bold'], [first]], ...rest.map((line): Line => [[' '.repeat(start.length) + line]])];
}

/** What went wrong over UDP. */
function lossesOf(udp: ListenerStatus['udp']): (string | false)[] {
  if (!udp) return [];
  const { dropped, stale, receiveErrors, sendErrors, workerDeaths } = udp;
  return [
    dropped > 0 && `${grouped(dropped)} dropped`,
    stale > 0 && `${grouped(stale)} dropped as stale`,
    receiveErrors > 0 && counted(receiveErrors, 'receive error'),
    sendErrors > 0 && counted(sendErrors, 'send error'),
    workerDeaths > 0 && `${counted(workerDeaths, 'thread')} died`,
  ];
}

function stateOf(state: PluginState): Part {
  return [state.padEnd(STATE_WIDTH), STYLES[state]];
}

function indented(text: string, indent: number, width: number): Line[] {
  return wrap(text, width - indent).map((line) => [[' '.repeat(indent) + line]]);
}

function sinceThen(moment: string, nowMs: number): string {
  return printDuration(Math.max(0, nowMs - Date.parse(moment)));
}

function printMs(ms: number): string {
  return `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;
}
