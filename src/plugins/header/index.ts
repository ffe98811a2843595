import { atLeastArgs, noArgs, oneOf, parseOptions } from '../../corefile/arguments.ts';
import type { Directive, Line } from '../../corefile/ast.ts';
import { CorefileError } from '../../corefile/error.ts';
import type { MessageFlags } from '../../dns/message.ts';
import { definePlugin } from '../../plugin/plugin.ts';
import type { Query } from '../../plugin/query.ts';
import { alterReply, mapReply, type Reply } from '../../plugin/reply.ts';

const FLAGS = ['aa', 'ra', 'rd'] as const;

/** The new values of flags; flags that are left out stay as they are. */
type Flags = { -readonly [F in (typeof FLAGS)[number]]?: MessageFlags[F] };

interface HeaderOptions {
  readonly query: Flags;
  readonly response: Flags;
}

/** Sets and clears flags of queries and replies. */
export default definePlugin<HeaderOptions>({
  name: 'header',
  dependsOn: 'question',

  parse(uses) {
    const options: HeaderOptions = { query: {}, response: {} };
    for (const use of uses) parseRules(use, options);
    return options;
  },

  create({ query, response }) {
    const { rd: _, ...ofReply } = response;
    const withFlags = (reply: Reply): Reply => alterReply(reply, { ...ofReply, fixedFlags: response });
    const changed = ({ message, ...rest }: Query): Query => ({ ...rest, message: { ...message, ...query } });
    const changesQuery = Object.keys(query).length > 0;
    const changesReply = Object.keys(response).length > 0;
    return {
      wrap: (next) => (asked) => {
        const reply = next(changesQuery ? changed(asked) : asked);
        return changesReply ? mapReply(reply, withFlags) : reply;
      },
    };
  },
});

const NO_RULES =
  "Wrong argument count or unexpected line ending after 'header' - an option block with rules is expected";

/** Reads lines `query|response set|clear FLAG…`; without `query` or `response`, which is the old form, the rule is for the reply. */
function parseRules(directive: Directive, options: HeaderOptions): void {
  noArgs(directive);
  if (directive.options.length === 0) throw new CorefileError(directive.position, NO_RULES);
  const read = (line: Line, flags: Flags) => {
    const value = line.name === 'set';
    for (const token of atLeastArgs(line, 1)) flags[oneOf(token, FLAGS)] = value;
  };
  const select = (flags: Flags) => (line: Line) => {
    const [action, ...args] = atLeastArgs(line, 1);
    read({ name: oneOf(action, ['set', 'clear']), position: action.position, args }, flags);
  };
  const old = (line: Line) => read(line, options.response);
  parseOptions(directive, { query: select(options.query), response: select(options.response), set: old, clear: old });
}
