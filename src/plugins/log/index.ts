import { atLeastArgs, domainName, oneOf, parseOptions } from '../../corefile/arguments.ts';
import type { Directive } from '../../corefile/ast.ts';
import { printPosition } from '../../corefile/position.ts';
import type { Token } from '../../corefile/token.ts';
import { foldName, isAtOrBelow, type Name, ROOT } from '../../dns/name.ts';
import { NO_LABELS } from '../../plugin/arguments.ts';
import { definePlugin, type ParseContext } from '../../plugin/plugin.ts';
import { COMMON_FORMAT, compileFormat } from '../../plugin/query-format.ts';
import type { Reply } from '../../plugin/reply.ts';
import { classOf, REPLY_CLASSES, type ReplyClass, typeOf } from './class.ts';
import { fieldsOf } from './fields.ts';

/** One line of the Corefile: which queries are logged, and how. */
interface LogRule {
  readonly names: readonly Name[];
  readonly format: string;
  readonly classes: ReadonlySet<ReplyClass>;
}

/** Logs queries and their results. The first rule with a matching name decides. */
export default definePlugin<readonly LogRule[]>({
  name: 'log',
  dependsOn: 'question',

  parse(uses, block) {
    const rules = uses.map((directive) => parseRule(directive, block));
    for (const [i, { names }] of rules.entries()) {
      const first = rules.slice(0, i).findIndex((earlier) => covers(earlier.names, names));
      if (first === -1) continue;
      const place = printPosition(uses[first]!.position);
      block.warn(uses[i]!.position, `logs nothing: 'log' at ${place} decides for all of its names`, 'never-asked');
    }
    return rules;
  },

  create(rules, env) {
    if (!env.log.logs('info')) {
      env.log.warning('logs nothing: its lines have the level info, and the log level hides them');
    }
    if (rules.some(({ format }) => format.includes('{/')) && !env.block.labelled) env.log.warning(NO_LABELS);
    const compiled = rules.map((rule) => ({ ...rule, print: compileFormat(rule.format, env.label) }));
    /** The reply whose line is being written: only then do the labels have values, as in CoreDNS. */
    let reply: Reply | undefined;
    return {
      observe(query, sent) {
        if (!env.log.logs('info')) return;
        const rule = compiled.find(({ names }) => names.some((name) => isAtOrBelow(query.name, name)));
        if (!rule?.classes.has(classOf(sent.reply))) return;
        reply = sent.reply;
        try {
          env.queryLog(rule.print(query, sent), () => fieldsOf(query, sent));
        } finally {
          reply = undefined;
        }
      },
      // While its lines are hidden, it need not see each query.
      get observeRepetitions() {
        return env.log.logs('info') ? undefined : () => {};
      },
      label(query, label) {
        if (reply === undefined) return undefined;
        if (label === 'class') return classOf(reply);
        return label === 'type' ? typeOf(query, reply) : undefined;
      },
    };
  },
});

function parseRule(directive: Directive, { warn }: ParseContext): LogRule {
  const { args } = directive;
  const last = args.at(-1);
  const hasFormat = args.length > 1 && last!.text.includes('{');
  const names = hasFormat ? args.slice(0, -1) : args;
  for (const { text, position } of names) {
    if (isDestination(text)) {
      warn(
        position,
        `'${text}' is read as a name, like every argument that is not a format: the log always goes to stdout - remove it`,
        'looks-like',
      );
    }
  }
  // CoreDNS reads every single argument as a name, too.
  const isLost = args.length === 1 && last!.text.includes('{');
  if (isLost) {
    const { text, position } = last!;
    warn(position, `a single argument is a name, so this line logs nothing - write 'log . "${text}"'`, 'looks-like');
  }
  return {
    names: args.length === 0 ? [ROOT] : isLost ? [] : readNames(names),
    format: hasFormat ? last!.text : COMMON_FORMAT,
    classes: parseClasses(directive),
  };
}

/** A path is left out: no query is for it, and it may not be a valid name. */
function readNames(tokens: readonly Token[]): readonly Name[] {
  return tokens.filter(({ text }) => !isPath(text)).map((token) => nameOf(token));
}

/** An empty word, such as a reference to a variable that is not set, is the root, as in CoreDNS. */
function nameOf(token: Token): Name {
  return token.text === '' ? ROOT : foldName(domainName(token));
}

/** Whether another rule takes all queries of this rule. */
function covers(wider: readonly Name[], names: readonly Name[]): boolean {
  return names.length > 0 && names.every((name) => wider.some((zone) => isAtOrBelow(name, zone)));
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

/** Whether a word was probably meant as the destination of the log, as in old guides: a stream or a path. */
function isDestination(word: string): boolean {
  return isPath(word) || /^(stdout|stderr|syslog|all)$/i.test(word) || word.endsWith('.log');
}

function isPath(word: string): boolean {
  return /^\.{0,2}\//.test(word);
}
