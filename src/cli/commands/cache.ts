import { Argument } from '@commander-js/extra-typings';
import { expectingOneOf } from '../../base/suggest.ts';
import { addExamples, define } from '../define.ts';
import { UsageError } from '../usage.ts';
import { addAdminFlags } from './admin-flags.ts';

export const CACHE_ACTIONS = ['get', 'flush'] as const;

export type CacheAction = (typeof CACHE_ACTIONS)[number];

/** `cairn cache` */
export function defineCache() {
  const command = addAdminFlags(
    define(
      'cache',
      'get NAME [TYPE] [flags]\n       cairn cache flush NAME [--subtree] [flags]\n       cairn cache flush --all [flags]',
    )
      .summary('show or flush what the cache of a running server holds')
      .description(
        'With get: shows what the caches of all server blocks hold for a name. The exit status is 0 if they hold something, 1 if not. With flush: removes a name, a name and all below it, or everything from the caches. The next query for it goes to the upstreams. This needs a token that may change, or a Unix socket.',
      )
      .addArgument(new Argument('<ACTION>', 'get or flush').choices(CACHE_ACTIONS).argParser(readAction))
      .argument('[NAME]', 'a name')
      .argument('[TYPE]', 'a record type, with get (default: all)')
      .optionsGroup('Flush:')
      .option('--subtree', 'the names below it, too')
      .option('--all', 'all names'),
  );
  addExamples(command, [
    { line: 'cairn cache get www.example.org', effect: 'the records that are held, and for how long' },
    { line: 'cairn cache flush www.example.org', effect: 'removes one name' },
    { line: 'cairn cache flush example.org --subtree', effect: 'removes example.org and all names below it' },
    { line: 'cairn cache flush --all', effect: 'removes everything' },
  ]);
  return command;
}

/** @throws UsageError for another word */
function readAction(text: string): CacheAction {
  const action = CACHE_ACTIONS.find((one) => one === text);
  if (action !== undefined) return action;
  throw new UsageError(`there is no cache command "${text}"`, expectingOneOf(text, CACHE_ACTIONS));
}

/** What the command line says, as the library has read it. */
export type CacheValues = ReturnType<ReturnType<typeof defineCache>['opts']>;
