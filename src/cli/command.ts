import { type ParseArgsConfig, parseArgs } from 'node:util';
import { messageOf } from '../base/errors.ts';
import { UsageError } from './flags.ts';

/** The exit status for a command line that cannot be read. */
export const USAGE_STATUS = 2;

/** A command besides serving: `cairn NAME ...`. */
export interface Command {
  readonly usage: string;
  /** Runs with the arguments behind the command's name; the result is the exit status. @throws UsageError, CairnError */
  run(args: readonly string[]): Promise<number>;
}

/** As `parseArgs` of Node.js. @throws UsageError that ends with the usage */
export function parseCommand<const T extends NonNullable<ParseArgsConfig['options']>>(
  args: readonly string[],
  options: T,
  usage: string,
) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
  } catch (error) {
    throw new UsageError(`${messageOf(error)}\n${usage}`, { cause: error });
  }
}
