/*
 * The command `cairn`: reads the command line, then serves, checks a Corefile or runs another command. Begin here; main.ts only starts
 * the process. Nothing here answers a query: that is the server's.
 */

import { CairnError, messageOf } from '../base/errors.ts';
import { printable } from '../observe/printable.ts';
import { versionText } from '../version.ts';
import { check } from './check.ts';
import { type Command, USAGE_STATUS } from './command.ts';
import { type Flags, parseFlags, USAGE, UsageError } from './flags.ts';
import { pluginsFor } from './plugins.ts';
import { serve } from './serve.ts';

const EXIT_ERROR = 1;

/** Each command is loaded when it is run, so that a server does not spend memory on it. */
const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  env: async () => (await import('./env.ts')).env,
  health: async () => (await import('./health.ts')).health,
  lookup: async () => (await import('./lookup/index.ts')).lookup,
  run: async () => (await import('./run-program/index.ts')).runProgram,
};

async function run(args: readonly string[]): Promise<void> {
  const [word = '', ...rest] = args;
  if (Object.hasOwn(COMMANDS, word)) await runCommand(await COMMANDS[word]!(), rest);
  else if (word === 'help') await help(rest);
  else await runServer(parseFlags(args));
}

async function runCommand(command: Command, args: readonly string[]): Promise<void> {
  const end = args.indexOf('--');
  const own = end === -1 ? args : args.slice(0, end);
  if (own.includes('--help') || own.includes('-h')) process.stdout.write(command.usage);
  else process.exitCode = await command.run(args);
}

async function help([topic, ...more]: readonly string[]): Promise<void> {
  if (topic === undefined) process.stdout.write(USAGE);
  else if (more.length === 0 && Object.hasOwn(COMMANDS, topic)) await runCommand(await COMMANDS[topic]!(), ['--help']);
  else throw new UsageError(`there is no help for "${[topic, ...more].join(' ')}"\n${USAGE}`);
}

async function runServer(flags: Flags): Promise<void> {
  const [command] = flags.positionals;
  if (flags.help) process.stdout.write(USAGE);
  else if (flags.version) process.stdout.write(versionText());
  else if (flags.plugins)
    process.stdout.write(
      (await pluginsFor(flags.plugin))
        .map(({ name }) => `${name}\n`)
        .sort()
        .join(''),
    );
  else if (command === 'check' && flags.positionals.length <= 2) await check(flags);
  else if (command === undefined) await serve(flags);
  else throw new CairnError('USAGE', `unexpected argument "${flags.positionals.at(-1)}"\n${USAGE}`);
}

try {
  await run(process.argv.slice(2));
} catch (error) {
  process.stderr.write(printable(`${messageOf(error)}\n`));
  process.exit(error instanceof UsageError ? USAGE_STATUS : EXIT_ERROR);
}
