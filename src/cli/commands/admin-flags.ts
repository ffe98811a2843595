import type { Command, OptionValues } from '@commander-js/extra-typings';

/** Where `admin` listens if the Corefile does not say it. */
const DEFAULT_ADMIN = 'localhost:9154';

/** Adds the flags of all commands that ask a running server: which one, and how to print what it says. */
// biome-ignore lint/suspicious/noExplicitAny: the library's types have it so
export function addAdminFlags<A extends any[], O extends OptionValues, G extends OptionValues>(
  command: Command<A, O, G>,
) {
  return command
    .optionsGroup('Server:')
    .option(
      '--admin <ADDRESS>',
      `where its admin interface listens: HOST:PORT, or the path of a Unix socket (default: ${DEFAULT_ADMIN})`,
      DEFAULT_ADMIN,
    )
    .option('--token-file <FILE>', 'a file with the token, if the interface needs one')
    .optionsGroup('Output:')
    .option('--json', 'print what the server returns, as JSON');
}
