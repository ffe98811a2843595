import { FUNCTIONS, type QueryFunction } from '../../expression/functions.ts';

/** The functions for expressions of a template: those of the query, and the groups of the match of its name. */
export const EXPRESSION_FUNCTIONS: ReadonlyMap<string, QueryFunction> = new Map<string, QueryFunction>([
  ...FUNCTIONS,
  [
    'group',
    { takes: [['number', 'string']], gives: 'string', call: ({ group }, [name]) => group?.(String(name)) ?? '' },
  ],
]);
