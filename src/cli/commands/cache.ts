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
      .summary('show what the cache of a running server holds, or throw it away')
      .description(
        'With get: what the caches of all server blocks hold for a name. The exit status is 0 if they hold something, 1 if not. With flush: makes the server forget a name, a name and all below it, or everything. The next query for it asks the upstreams.',
      )
      .addArgument(new Argument('<ACTION>', 'get or flush').choices(CACHE_ACTIONS).argParser(readAction))
      .argument('[NAME]', 'a name')
      .argument('[TYPE]', 'with get, a record type (default: all)')
      .optionsGroup('Flush:')
      .option('--subtree', 'the names below it, too')
      .option('--all', 'all names'),
  );
  addExamples(command, [
    { line: 'cairn cache get www.example.org', effect: 'the records that are held, and for how long' },
    { line: 'cairn cache flush www.example.org', effect: 'forgets one name' },
    { line: 'cairn cache flush example.org --subtree', effect: 'forgets example.org and all names below it' },
    { line: 'cairn cache flush --all', effect: 'forgets everything' },
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
