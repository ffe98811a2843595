import type { PluginEnv } from '../../plugin/env.ts';
import type { Query } from '../../plugin/query.ts';
import type { Reply } from '../../plugin/reply.ts';

/** What a rule may use of the plugin's environment. */
export type RuleWorld = Pick<PluginEnv, 'resolve' | 'label'>;

/** The result of a rule that matches. */
export interface Rewritten {
  /** The query for the rules and plugins below. */
  readonly query: Query;
  /** Changes the reply, after the rules below have changed it. */
  readonly reply?: (reply: Reply) => Reply | Promise<Reply>;
}

/** Applies a rule to a query; undefined if it does not match. @throws NameError if the new name is not valid. */
export type Rewrite = (query: Query, world: RuleWorld) => Rewritten | undefined;

/** One rule of the list. */
export interface Rule {
  readonly rewrite: Rewrite;
  /** Whether the rules after it are tried if it matches. */
  readonly continues: boolean;
  /** Whether its effect depends on more than the question, so that the reply must not be repeated for others. */
  readonly tailored: boolean;
}
