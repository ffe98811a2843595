import type { QueryFunction } from '../../expression/expression.ts';
import { FUNCTIONS } from '../../expression/functions.ts';

/** What expressions of a template may call: functions of the query, and the groups of the expression that matched its name. */
export const EXPRESSION_FUNCTIONS: ReadonlyMap<string, QueryFunction> = new Map<string, QueryFunction>([
  ...FUNCTIONS,
  [
    'group',
    { takes: [['number', 'string']], gives: 'string', call: ({ group }, [name]) => group?.(String(name)) ?? '' },
  ],
]);
