import type { Isolation, Namespaces } from '../../cluster/tenants.ts';
import { atLeastArgs, exactArgs, oneOf } from '../../corefile/arguments.ts';
import type { Directive, OptionLine } from '../../corefile/ast.ts';
import { atToken, CorefileError } from '../../corefile/error.ts';
import type { Token } from '../../corefile/token.ts';
import { parseSelector } from '../../registry/selector.ts';

const NONE: Isolation = { others: 'deny', rules: [] };

/** A namespace's name is one label of a domain name. */
const NAME = /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/;
/** What a selector of labels has, and a name has not. */
const OF_SELECTORS = /[=!(),\s]/;

/** Reads `isolate`, `isolate default allow|deny` and `isolate allow FROM TO…`. @throws CorefileError, CorefileErrors */
export function readIsolation(line: OptionLine, before: Isolation = NONE): Isolation {
  const [word, ...args] = line.args;
  if (word === undefined) return before;
  const rest = { ...line, name: `isolate ${word.text}`, args };
  if (oneOf(word, ['allow', 'default']) === 'default') {
    return { ...before, others: oneOf(exactArgs(rest, 1)[0], ['allow', 'deny']) };
  }
  const [from, ...to] = atLeastArgs(rest, 2).map(readNamespaces);
  return { ...before, rules: [...before.rules, { from: from!, to }] };
}

function readNamespaces(token: Token): Namespaces {
  const { text, position } = token;
  if (text === '*') return '*';
  if (NAME.test(text)) return { name: text };
  if (OF_SELECTORS.test(text)) return { labels: atToken(token, () => parseSelector(text)) };
  const forms = 'a namespace such as kube-system, a selector of labels such as team=a, or *';
  throw new CorefileError(position, `'${text}' names no namespaces - write ${forms}`);
}

/** What `isolate` needs of the other options. */
interface Isolated {
  readonly pods: string;
  readonly labels: readonly unknown[];
}

/** @throws CorefileError for options with which the plugin does not know all pods */
export function checkIsolation({ options }: Directive, { pods, labels }: Isolated): void {
  const lineOf = (name: string) => options.find((line) => line.name === name)!;
  if (pods !== 'verified') {
    const detail = "'isolate' must know which namespace each client belongs to - write 'pods verified'";
    throw new CorefileError(lineOf('isolate').position, detail);
  }
  if (labels.length > 0) {
    const detail = "'isolate' must know all pods, and 'labels' chooses among them - remove one of them";
    throw new CorefileError(lineOf('labels').position, detail);
  }
}
