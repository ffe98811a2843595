import { printableJson, printableLine } from './printable.ts';

/** From the least to the most severe. Each hides those before it; `fatal` is never hidden. */
export const LOG_LEVELS = ['debug', 'info', 'warning', 'error'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

type Level = LogLevel | 'fatal';

/** The least severe level that is logged. It may change at any time, and counts for all loggers that have it. */
export class LogThreshold {
  private rank: number;

  constructor(level: LogLevel) {
    this.rank = LOG_LEVELS.indexOf(level);
  }

  get level(): LogLevel {
    return LOG_LEVELS[this.rank]!;
  }

  set level(level: LogLevel) {
    this.rank = LOG_LEVELS.indexOf(level);
  }

  /** Whether lines of a level, by its place in {@link LOG_LEVELS}, are logged. */
  passes(rank: number): boolean {
    return rank >= this.rank;
  }
}

/** What a line says in values that a program reads, under their names in JSON. They do not change `time`, `level`, `plugin` and `msg`. */
export type LogFields = Readonly<Record<string, string | number | boolean | null>>;

/** Writes a line. The fields are made only for a log that shows them. */
type Write = (text: string, fields?: () => LogFields) => void;

/** Writes log lines of the form `[LEVEL] text`, or the same as JSON; one call is one line. */
export interface Logger {
  readonly debug: Write;
  readonly info: Write;
  readonly warning: Write;
  readonly error: Write;
  readonly fatal: Write;
  /** Whether lines of the level are written. */
  logs(level: LogLevel): boolean;
}

/** The parts of a line. */
export interface LogRecord {
  readonly level: Level;
  /** The plugin that has written it. */
  readonly plugin: string | undefined;
  /** The text after level and plugin, in one line. */
  readonly msg: string;
  readonly fields: (() => LogFields) | undefined;
}

/** Receives finished lines, and their parts. */
export type LogSink = (level: Level, line: string, record: LogRecord) => void;

/** Standard output for all but fatal lines, which go to standard error, as with CoreDNS. */
export const processSink: LogSink = (level, line) => {
  (level === 'fatal' ? process.stderr : process.stdout).write(`${line}\n`);
};

/** The same with each line as one JSON object. */
export const jsonSink: LogSink = (level, _, record) => processSink(level, printRecord(record, Date.now()), record);

/** A line as one JSON object. Its text is that of the other format, so it is safe to print without its escapes, too. */
export function printRecord({ level, plugin, msg, fields }: LogRecord, nowMs: number): string {
  const start = { time: new Date(nowMs).toISOString(), level: level.toUpperCase(), plugin, msg };
  return printableJson({ ...start, ...fields?.(), ...start });
}

export interface LoggerOptions {
  /** The plugin whose lines these are. */
  readonly plugin?: string;
  /** Less severe lines are not written; `info` by default. */
  readonly level?: LogLevel | LogThreshold;
  /** Whether tabs stay as they are: they separate columns. */
  readonly keepsTabs?: boolean;
}

export function createLogger(sink: LogSink, options: LoggerOptions = {}): Logger {
  const { plugin, level = 'info', keepsTabs = false } = options;
  const threshold = typeof level === 'string' ? new LogThreshold(level) : level;
  const prefix = plugin === undefined ? '' : `plugin/${plugin}: `;
  const write =
    (level: Level): Write =>
    (text, fields) => {
      const msg = keepsTabs ? text.split('\t').map(oneLine).join('\t') : oneLine(text);
      sink(level, `[${level.toUpperCase()}] ${prefix}${msg}`, { level, plugin, msg, fields });
    };
  const at = (level: LogLevel): Write => {
    const rank = LOG_LEVELS.indexOf(level);
    const writeIt = write(level);
    return (text, fields) => {
      if (threshold.passes(rank)) writeIt(text, fields);
    };
  };
  return {
    debug: at('debug'),
    info: at('info'),
    warning: at('warning'),
    error: at('error'),
    fatal: write('fatal'),
    logs: (level) => threshold.passes(LOG_LEVELS.indexOf(level)),
  };
}

/** A longer text is cut: an error may quote the whole line that it is in. */
const MAX_LENGTH = 8192;

/** A log line may quote a peer's bytes or an operator's file. Neither may begin a new line or control a terminal. */
function oneLine(text: string): string {
  const kept = text.length > MAX_LENGTH ? `${text.slice(0, MAX_LENGTH)}… (of ${text.length} characters)` : text;
  return printableLine(kept);
}
