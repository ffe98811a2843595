import { atLeastArgs, domainName, oneOf, parseOptions } from '../../corefile/arguments.ts';
import type { Directive } from '../../corefile/ast.ts';
import { type Position, printPosition } from '../../corefile/position.ts';
import type { Token } from '../../corefile/token.ts';
import { foldName, isAtOrBelow, type Name, ROOT } from '../../dns/name.ts';
import { definePlugin } from '../../plugin/plugin.ts';
import { classOf, REPLY_CLASSES, type ReplyClass } from './class.ts';
import { COMMON_FORMAT, compileFormat } from './format.ts';

/** One line of the Corefile: which queries are logged, and how. */
export interface LogRule {
  readonly names: readonly Name[];
  readonly format: string;
  readonly classes: ReadonlySet<ReplyClass>;
}

export interface LogOptions {
  /** The first one with a name that matches decides. */
  readonly rules: readonly LogRule[];
  /** Single arguments that look like a format, but are taken for a name, as CoreDNS does. */
  readonly lostFormats: readonly { readonly text: string; readonly position: Position }[];
}

/** Logs queries and what became of them. */
export default definePlugin<LogOptions>({
  name: 'log',

  parse(uses) {
    const lost = uses.flatMap(({ args }) => (args.length === 1 && args[0]!.text.includes('{') ? args : []));
    const rules = uses.map((directive) => parseRule(directive, lost));
    return { rules, lostFormats: lost.map(({ text, position }) => ({ text, position })) };
  },

  create({ rules, lostFormats }, env) {
    for (const { text, position } of lostFormats) {
      env.log.warning(
        `${printPosition(position)}: a single argument is a name, so this line logs nothing - write 'log . "${text}"'`,
      );
    }
    const compiled = rules.map((rule) => ({ ...rule, print: compileFormat(rule.format, env.label) }));
    return {
      observe(query, sent) {
        const rule = compiled.find(({ names }) => names.some((name) => isAtOrBelow(query.name, name)));
        if (rule?.classes.has(classOf(sent.reply))) env.queryLog(rule.print(query, sent));
      },
    };
  },
});

function parseRule(directive: Directive, lost: readonly Token[]): LogRule {
  const { args } = directive;
  const last = args.at(-1);
  const hasFormat = args.length > 1 && last!.text.includes('{');
  const nameTokens = hasFormat ? args.slice(0, -1) : args;
  const names = nameTokens.filter((token) => !lost.includes(token)).map((token) => foldName(domainName(token)));
  return {
    names: args.length === 0 ? [ROOT] : names,
    format: hasFormat ? last!.text : COMMON_FORMAT,
    classes: parseClasses(directive),
  };
}

function parseClasses(directive: Directive): ReadonlySet<ReplyClass> {
  const chosen = new Set<ReplyClass>();
  parseOptions(directive, {
    class(line) {
      for (const token of atLeastArgs(line, 1)) {
        const word = oneOf(token, [...REPLY_CLASSES, 'all']);
        for (const replyClass of word === 'all' ? REPLY_CLASSES : [word]) chosen.add(replyClass);
      }
    },
  });
  return chosen.size > 0 ? chosen : new Set(REPLY_CLASSES);
}
