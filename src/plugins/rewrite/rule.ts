import type { PluginEnv } from '../../plugin/env.ts';
import type { Query } from '../../plugin/query.ts';
import type { Reply } from '../../plugin/reply.ts';

/** What a rule may use of the world. */
export type RuleWorld = Pick<PluginEnv, 'resolve' | 'label'>;

/** What a rule that matched makes of a query. */
export interface Rewritten {
  /** What the rules and plugins below see. */
  readonly query: Query;
  /** What the rule makes of the reply, once the rules below it have had their turn. */
  readonly reply?: (reply: Reply) => Reply | Promise<Reply>;
}

/** What a rule does with a query; undefined if it does not match. @throws NameError if it makes up a name that is none. */
export type Rewrite = (query: Query, world: RuleWorld) => Rewritten | undefined;

/** One rule of the list. */
export interface Rule {
  readonly rewrite: Rewrite;
  /** Whether the rules behind it are tried when it matched. */
  readonly continues: boolean;
  /** Whether what it does follows from more than the question, so that the reply must not be given again to others. */
  readonly tailored: boolean;
}
