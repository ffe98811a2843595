/*
 * The command `cairn`: reads the command line, then serves, checks a Corefile or runs another command. Begin here; main.ts only starts
 * the process, and program.ts has the commands. Nothing here answers a query: that is the server's.
 */

import { CommanderError } from '@commander-js/extra-typings';
import { messageOf, systemCodeOf } from '../base/errors.ts';
import { printable } from '../observe/printable.ts';
import { commandOf, readArguments } from './arguments.ts';
import { usageOf } from './define.ts';
import { createProgram } from './program.ts';
import { paint } from './terminal.ts';
import { USAGE_STATUS, UsageError } from './usage.ts';

const EXIT_ERROR = 1;

/** Runs a command line; the result is the exit status, or undefined if the process goes on. @throws UsageError, CairnError */
export async function run(args: readonly string[]): Promise<number | undefined> {
  let status: number | undefined;
  const program = createProgram((code) => {
    status = code;
  });
  try {
    await program.parseAsync(readArguments(args, program), { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode; // help was printed
    throw error;
  }
  return status;
}

/** As {@link run}, for the process: prints errors, and ends it with the status. */
export async function main(args: readonly string[]): Promise<void> {
  let lost: unknown;
  for (const stream of [process.stdout, process.stderr]) {
    // The program that reads the output or the log may have ended; a server goes on, whatever becomes of its log.
    stream.on('error', (error) => {
      if (systemCodeOf(error) !== 'EPIPE') lost ??= error;
    });
  }
  try {
    const status = await run(args);
    process.exitCode = status;
    if (status === 0) process.once('exit', () => lost && reportLost(lost));
  } catch (error) {
    const isUsage = error instanceof UsageError;
    process.stderr.write(
      isUsage ? printUsageError(error, args) : `${paint('red', messageOf(error), process.stderr)}\n`,
    );
    process.exit(isUsage ? USAGE_STATUS : EXIT_ERROR);
  }
}

/** The command has done its work, but nobody can read it. */
function reportLost(error: unknown): void {
  process.stderr.write(`${paint('red', `the output cannot be written: ${messageOf(error)}`, process.stderr)}\n`);
  process.exitCode = EXIT_ERROR;
}

/** What is wrong, what would be right, and where the help is: a line each. */
function printUsageError({ message, right }: UsageError, args: readonly string[]): string {
  const program = createProgram(() => {});
  let command = program;
  try {
    command = commandOf(args, program);
  } catch {} // the command itself is unknown
  const name = [command.parent?.name(), command.name()].filter((word) => word && word !== 'serve').join(' ');
  const lines = [
    `${paint('red', `${name}:`, process.stderr)} ${printable(message)}`,
    `  ${printable(right ?? `usage: ${usageOf(command).split('\n')[0]}`)}`,
    `  see ${name} --help`,
  ];
  return `${lines.join('\n')}\n`;
}
