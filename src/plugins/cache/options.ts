import {
  argsBetween,
  atLeastArgs,
  durationMs,
  exactArgs,
  integer,
  noArgs,
  oneOf,
  oneOfAnyCase,
  parseOptions,
  zonesArgument,
} from '../../corefile/arguments.ts';
import type { Directive, OptionLine } from '../../corefile/ast.ts';
import { CorefileError } from '../../corefile/error.ts';
import type { Token } from '../../corefile/token.ts';
import { type Name, ROOT } from '../../dns/name.ts';
import { blockZones } from '../../plugin/arguments.ts';
import type { ParseContext } from '../../plugin/plugin.ts';

/** How replies of one kind are kept; TTLs in seconds. */
export interface KindOptions {
  /** How many replies are kept; 0 for none. */
  readonly capacity: number;
  readonly maxTtl: number;
  readonly minTtl: number;
}

export interface Prefetch {
  /** How many queries for one entry make it popular. */
  readonly amount: number;
  /** A longer pause between two queries starts the count again. */
  readonly durationMs: number;
  /** A popular entry is fetched again when this share of its TTL is left, from 0 to 1. */
  readonly share: number;
}

export interface ServeStale {
  /** How long after its expiry an entry may be served. */
  readonly forMs: number;
  /** Whether the client gets the stale reply at once, or only if fetching a fresh one fails. */
  readonly mode: (typeof STALE_MODES)[number];
  /** How long `verify` waits for the fresh reply; 0 for no limit. */
  readonly timeoutMs: number;
  /** The TTL of stale replies, in seconds. */
  readonly ttl: number;
  /** The pause after a failed refresh; undefined for the time that the failure is kept. */
  readonly recheckMs: number | undefined;
}

export interface CacheOptions {
  readonly zones: readonly Name[];
  readonly success: KindOptions;
  readonly denial: KindOptions;
  /** How long a failure is kept, in seconds; 0 for not at all. */
  readonly failureTtl: number;
  readonly prefetch: Prefetch | undefined;
  readonly stale: ServeStale | undefined;
  /** Whether a positive reply, stale or not, is preferred to a negative one. */
  readonly preferPositive: boolean;
  /** The zones whose replies of a kind are not kept. */
  readonly disabled: { readonly success: readonly Name[]; readonly denial: readonly Name[] };
  readonly keepTtl: boolean;
  /** The file that keeps the replies from one process to the next; undefined for none. */
  readonly snapshot: string | undefined;
}

const STALE_MODES = ['immediate', 'verify'] as const;
/** A `verify` without time-out waits this long: RFC 8767 §5 asks for 1.8 seconds. */
const VERIFY_TIMEOUT_MS = 1800;
const STALE_FOR_MS = 3_600_000;
/** RFC 9520 §3.2: failures must not be kept longer than this, and the pause before a new attempt must not be longer. */
const MAX_FAILURE_MS = 300_000;
const CAPACITY = 9984;

type Options = { -readonly [K in keyof CacheOptions]: CacheOptions[K] };

/** @throws CorefileError, CorefileErrors */
export function parseCache(use: Directive, block: ParseContext): CacheOptions {
  const [first, ...rest] = use.args;
  const ttl = first && /^[+-]?\d+$/.test(first.text) ? maxTtl(first) : undefined;
  const zones = ttl === undefined ? use.args : rest;
  const options: Options = {
    zones: blockZones(zones, block),
    success: { capacity: CAPACITY, maxTtl: ttl ?? 3600, minTtl: 5 },
    denial: { capacity: CAPACITY, maxTtl: ttl ?? 1800, minTtl: 5 },
    ...{ failureTtl: 5, prefetch: undefined, stale: undefined, preferPositive: false },
    ...{ disabled: { success: [], denial: [] }, keepTtl: false, snapshot: undefined },
  };
  parseOptions(use, {
    success: (line) => {
      options.success = parseKind(line, options.success);
    },
    denial: (line) => {
      options.denial = parseKind(line, options.denial);
    },
    prefetch: (line) => {
      options.prefetch = parsePrefetch(line);
    },
    serve_stale: (line) => {
      options.stale = parseStale(line);
    },
    serve_stale_policy: (line) => {
      oneOf(exactArgs(line, 1)[0], ['prefer_positive']);
      options.preferPositive = true;
    },
    servfail: (line) => {
      options.failureTtl = failureTtl(exactArgs(line, 1)[0]);
    },
    disable: (line) => {
      options.disabled = { ...options.disabled, ...parseDisable(line) };
    },
    snapshot: (line) => {
      options.snapshot = exactArgs(line, 1)[0].text;
    },
    keepttl: (line) => {
      noArgs(line);
      options.keepTtl = true;
    },
  });
  if (options.preferPositive && !options.stale) {
    const { position } = use.options.find(({ name }) => name === 'serve_stale_policy')!;
    throw new CorefileError(position, 'serve_stale_policy requires serve_stale');
  }
  return options;
}

function parseKind(line: OptionLine, before: KindOptions): KindOptions {
  const [capacity, max, min] = argsBetween(line, 1, 3);
  return {
    capacity: integer(capacity, { min: 0 }, 'capacity'),
    maxTtl: max ? maxTtl(max) : before.maxTtl,
    minTtl: min ? minTtl(min) : before.minTtl,
  };
}

function maxTtl(token: Token): number {
  return integer(token, { min: 1 }, 'TTL');
}

function minTtl(token: Token): number {
  return integer(token, { min: 0 }, 'lowest TTL');
}

function failureTtl(token: Token): number {
  const ms = durationMs(token);
  if (ms <= MAX_FAILURE_MS) return Math.ceil(ms / 1000);
  throw new CorefileError(token.position, 'caching SERVFAIL responses over 5 minutes is not permitted');
}

function parsePrefetch(line: OptionLine): Prefetch | undefined {
  const [first, duration, percentage] = argsBetween(line, 1, 3);
  const amount = integer(first, { min: 0 }, 'prefetch amount');
  const prefetch: Prefetch = {
    amount,
    durationMs: duration ? durationMs(duration) : 60_000,
    share: percentage ? parsePercentage(percentage) / 100 : 0.1,
  };
  return amount === 0 ? undefined : prefetch;
}

function parsePercentage(token: Token): number {
  const { text, position } = token;
  if (!text.endsWith('%')) {
    throw new CorefileError(position, `last character of percentage should be \`%\`, but is: '${text.at(-1) ?? ''}'`);
  }
  return integer({ ...token, text: text.slice(0, -1) }, { min: 10, max: 90 }, 'percentage');
}

function parseStale(line: OptionLine): ServeStale {
  const args = [...line.args];
  const isMode = (token: Token | undefined) => token !== undefined && !/^[+-]?[\d.]/.test(token.text);
  const forMs = args.length > 0 && !isMode(args[0]) ? staleDurationMs(args.shift()!) : STALE_FOR_MS;
  const modeToken = args.shift();
  const mode = modeToken ? oneOfAnyCase(modeToken, STALE_MODES, 'serve_stale refresh mode') : 'immediate';
  const timeoutMs = mode === 'verify' && args[0] ? durationMs(args.shift()!) : VERIFY_TIMEOUT_MS;
  const [ttl, recheck, extra] = args;
  if (extra) {
    const detail = `Wrong argument count or unexpected line ending after '${line.args.at(-1)!.text}'`;
    throw new CorefileError(extra.position, detail);
  }
  return {
    ...{ forMs, mode, timeoutMs },
    ttl: ttl ? wholeSeconds(ttl) : 0,
    recheckMs: recheck ? secondsMs(recheck, MAX_FAILURE_MS) : undefined,
  };
}

function staleDurationMs(token: Token): number {
  if (!token.text.startsWith('-')) return durationMs(token);
  throw new CorefileError(token.position, 'invalid negative duration for serve_stale');
}

/** A duration, or a bare number of seconds. */
function secondsMs(token: Token, maxMs?: number): number {
  const { text } = token;
  return durationMs(/^\d+$/.test(text) ? { ...token, text: `${text}s` } : token, maxMs === undefined ? {} : { maxMs });
}

function wholeSeconds(token: Token): number {
  const ms = secondsMs(token);
  if (ms % 1000 === 0) return ms / 1000;
  throw new CorefileError(token.position, `a TTL must be a whole number of seconds: ${token.text}`);
}

function parseDisable(line: OptionLine): Partial<CacheOptions['disabled']> {
  const [kind, ...zones] = atLeastArgs(line, 1);
  return { [oneOf(kind, ['success', 'denial'])]: zonesArgument(zones, [ROOT]) };
}
