import type { CorefileWarning } from './error.ts';
import type { Token } from './token.ts';

/** Names and values of environment variables; `process.env` is one. */
export type Environment = Readonly<Record<string, string | undefined>>;

const REFERENCE = /\{\$([^}]+)\}|\{%([^%}]+)%\}/g;
const VARIABLE_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/**
 * Fills `{$NAME}` and `{%NAME%}` into a token, quoted or not; an unset variable becomes the empty string, with a warning.
 *
 * The result is one token, whatever blanks the value holds, and never a brace. Values are not searched for references.
 */
export function substitute(token: Token, env: Environment, warnings: CorefileWarning[]): Token {
  if (!token.text.includes('{')) return token;
  const text = token.text.replace(REFERENCE, (reference: string, dollar?: string, percent?: string) => {
    const name = dollar ?? percent ?? '';
    const value = Object.hasOwn(env, name) ? env[name] : undefined;
    if (value === undefined) warnings.push({ position: token.position, message: warningOf(reference, name) });
    return value ?? '';
  });
  return text === token.text ? token : { ...token, text };
}

function warningOf(reference: string, name: string): string {
  if (VARIABLE_NAME.test(name)) return `the environment variable '${name}' is not set: '${reference}' becomes empty`;
  // `{{$x := …}}` in a template: CoreDNS reads it so, and Corefiles are written accordingly.
  return `'${reference}' is read as an environment variable and becomes empty: in a template write '{{ $…' with a blank`;
}
