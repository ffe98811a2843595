import { atToken, CorefileError } from '../../corefile/error.ts';
import { pattern } from '../../corefile/pattern.ts';
import type { Token } from '../../corefile/token.ts';
import { foldName, inAscii, type Name, parseName, parseUnicodeName } from '../../dns/name.ts';
import type { Arguments } from './arguments.ts';

export const NAME_MATCHES = ['exact', 'prefix', 'suffix', 'substring', 'regex'] as const;
export type NameMatch = (typeof NAME_MATCHES)[number];

/** Gives the new name for a (folded) name; undefined if it does not match. @throws NameError if the new name is not valid. */
export type NameRewrite = (name: Name) => Name | undefined;

/** The two words of a rule that rewrites names. */
interface FromTo {
  readonly from: Token;
  readonly to: Token;
}

export function readFromTo(args: Arguments): FromTo {
  return { from: args.next('the name to match'), to: args.next('the name to write') };
}

/** Replaces `from` by `to`, both in lower case. Only with `exact` they are whole names. @throws CorefileError */
export function nameRewrite(kind: NameMatch, { from, to }: FromTo): NameRewrite {
  switch (kind) {
    case 'exact': {
      const [exact, target] = [nameOf(from), nameOf(to)];
      return (name) => (name === exact ? target : undefined);
    }
    case 'prefix': {
      const [prefix, text] = [textOf(from), textOf(to)];
      return (name) => (name.startsWith(prefix) ? parseName(text + name.slice(prefix.length)) : undefined);
    }
    case 'suffix': {
      const [suffix, text] = [suffixOf(from), suffixOf(to)];
      return (name) => (name.endsWith(suffix) ? parseName(name.slice(0, -suffix.length) + text) : undefined);
    }
    case 'substring': {
      const [part, text] = [textOf(from), textOf(to)];
      return (name) => (name.includes(part) ? parseName(name.replaceAll(part, () => text)) : undefined);
    }
    case 'regex':
      return regexRewrite({ from, to });
  }
}

/** Replaces a whole name that the regular expression `from` matches by `to`, with `{N}` for its groups. @throws CorefileError */
export function regexRewrite({ from, to }: FromTo): NameRewrite {
  const regex = pattern(from);
  const groups = [...to.text.matchAll(/\{(\d+)\}/g)].map(([, group]) => Number(group));
  if (groups.some((group) => group > regex.groupCount())) {
    const detail = `the rewrite regex pattern (${to.text}) uses more subexpressions than its corresponding matching regex pattern (${from.text})`;
    throw new CorefileError(to.position, detail);
  }
  const text = textOf(to);
  return (name) => {
    const match = regex.exec(name);
    return match ? parseName(text.replace(/\{(\d+)\}/g, (_, group) => match[Number(group)] ?? '')) : undefined;
  };
}

/** The test for a (folded) name. @throws CorefileError */
export function nameTest(kind: NameMatch, token: Token): (name: Name) => boolean {
  const text = token.text.toLowerCase();
  switch (kind) {
    case 'exact': {
      const exact = nameOf(token);
      return (name) => name === exact;
    }
    case 'prefix':
      return (name) => name.startsWith(text);
    case 'suffix': {
      const suffix = suffixOf(token);
      return (name) => name.endsWith(suffix);
    }
    case 'substring':
      return (name) => name.includes(text);
    case 'regex': {
      const regex = pattern(token);
      return (name) => regex.test(name);
    }
  }
}

function nameOf(token: Token): Name {
  return atToken(token, () => foldName(parseUnicodeName(token.text)));
}

function textOf({ text }: Token): string {
  return text.toLowerCase();
}

/** The end of an absolute name. */
function suffixOf(token: Token): string {
  const text = atToken(token, () => inAscii(textOf(token)));
  return text.endsWith('.') ? text : `${text}.`;
}
