import type { Position } from './position.ts';
import type { Token } from './token.ts';
import type { CorefileWarning } from './warnings.ts';

/** Names and values of environment variables; `process.env` is one. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The names of the variables that a text refers to. */
export function referencesIn(text: string): readonly string[] {
  return [...text.matchAll(REFERENCE)].map(([, dollar, percent]) => dollar ?? percent ?? '');
}

const REFERENCE = /\{\$([^}]+)\}|\{%([^%}]+)%\}/g;
const VARIABLE_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** A reference to an environment variable that became empty. */
export interface EmptyReference {
  readonly position: Position;
  /** The variable, and why it is empty. */
  readonly reason: string;
  /** The warning about it, which says no more than an error with the reason. */
  readonly warning: CorefileWarning | undefined;
}

/** What filling in variables finds besides the tokens. */
interface Substitution {
  readonly warnings: CorefileWarning[];
  readonly empty: EmptyReference[];
}

/**
 * Fills environment variables into the tokens of a file. As in CoreDNS, what becomes empty stays a word: no other argument takes its place. Lists of zones
 * and of keys ignore empty words.
 */
export function substituteAll(tokens: readonly Token[], env: Environment, found: Substitution): Token[] {
  return tokens.map((token) => substitute(token, env, found));
}

/**
 * Fills `{$NAME}` and `{%NAME%}` into a token, quoted or not; an unset variable becomes the empty string, with a warning.
 *
 * The result is one token, even if the value holds blanks, and never a brace. References in values are not filled in.
 */
function substitute(token: Token, env: Environment, { warnings, empty }: Substitution): Token {
  if (!token.text.includes('{')) return token;
  const { position } = token;
  const text = token.text.replace(REFERENCE, (reference: string, dollar?: string, percent?: string) => {
    const name = dollar ?? percent ?? '';
    const value = Object.hasOwn(env, name) ? env[name] : undefined;
    const warning =
      value === undefined
        ? { name: 'unset-variable' as const, position, message: warningOf(reference, name) }
        : undefined;
    if (warning) warnings.push(warning);
    if (!value) {
      const reason = `the environment variable '${name}' is ${warning ? 'not set' : 'empty'}`;
      empty.push({ position, reason, warning });
    }
    return value ?? '';
  });
  return text === token.text ? token : { ...token, text, written: token.text };
}

/** As other programs have it: `NAME:value`, `NAME:-value`. */
const WITH_DEFAULT = /^([A-Za-z_]\w*):(?![=\s])/;

function warningOf(reference: string, name: string): string {
  if (VARIABLE_NAME.test(name)) return `the environment variable '${name}' is not set: '${reference}' becomes empty`;
  const plain = WITH_DEFAULT.exec(name)?.[1];
  if (plain !== undefined)
    return `'${reference}' becomes empty, as a reference has no default value: write '{$${plain}}', and set ${plain}`;
  // `{{$x := …}}` in a template: CoreDNS reads it in this way, and Corefiles rely on that.
  return `'${reference}' is read as an environment variable and becomes empty: in a template write '{{ $…' with a space`;
}
