import { printable } from './printable.ts';

type Level = 'debug' | 'info' | 'warning' | 'error' | 'fatal';

/** Writes log lines of the form `[LEVEL] text`; one call is one line. */
export interface Logger {
  debug(text: string): void;
  info(text: string): void;
  warning(text: string): void;
  error(text: string): void;
  fatal(text: string): void;
}

/** Receives finished lines. */
export type LogSink = (level: Level, line: string) => void;

/** Standard output for all but fatal lines, which go to standard error, as with CoreDNS. */
export const processSink: LogSink = (level, line) => {
  (level === 'fatal' ? process.stderr : process.stdout).write(`${line}\n`);
};

/** A logger that puts `prefix` before every text; debug lines are written only where `debug` is on. */
export function createLogger(sink: LogSink, options: { prefix?: string; debug?: boolean } = {}): Logger {
  const { prefix = '', debug = false } = options;
  const at = (level: Level) => (text: string) => sink(level, `[${level.toUpperCase()}] ${prefix}${oneLine(text)}`);
  return {
    debug: debug ? at('debug') : () => {},
    info: at('info'),
    warning: at('warning'),
    error: at('error'),
    fatal: at('fatal'),
  };
}

/** A longer text is cut: an error may quote the whole line that it is in. */
const MAX_LENGTH = 8192;

/** A log line may quote a peer's bytes or an operator's file. Neither may begin a new line or control a terminal. */
function oneLine(text: string): string {
  const kept = text.length > MAX_LENGTH ? `${text.slice(0, MAX_LENGTH)}… (of ${text.length} characters)` : text;
  return printable(kept.replace(/[\r\n]+\s*/g, '; '));
}
