#!/usr/bin/env node
import { CairnError, messageOf } from '../errors.ts';
import { plugins } from '../plugins.ts';
import { check } from './check.ts';
import { type Flags, parseFlags, USAGE, UsageError } from './flags.ts';
import { serve } from './serve.ts';
import { versionText } from './version.ts';

const EXIT_ERROR = 1;
const EXIT_USAGE = 2;

async function run(flags: Flags): Promise<void> {
  const [command] = flags.positionals;
  if (flags.help) process.stdout.write(USAGE);
  else if (flags.version) process.stdout.write(versionText());
  else if (flags.plugins)
    process.stdout.write(
      plugins
        .map(({ name }) => `${name}\n`)
        .sort()
        .join(''),
    );
  else if (command === 'check' && flags.positionals.length <= 2) check(flags);
  else if (command === undefined) await serve(flags);
  else throw new CairnError('USAGE', `unexpected argument "${flags.positionals.at(-1)}"\n${USAGE}`);
}

try {
  await run(parseFlags(process.argv.slice(2)));
} catch (error) {
  process.stderr.write(`${messageOf(error)}\n`);
  process.exit(error instanceof UsageError ? EXIT_USAGE : EXIT_ERROR);
}
