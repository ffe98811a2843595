import type { Directive, Line, ServerBlock } from '../../corefile/ast.ts';
import { type Environment, referencesIn } from '../../corefile/environment.ts';
import { printCorefile, printDirective } from '../../corefile/print.ts';
import type { Token } from '../../corefile/token.ts';
import type { PluginDefinition } from '../../plugin/plugin.ts';
import type { BlockConfiguration, PluginConfiguration } from './configuration.ts';

/** What is shown in the place of a secret. */
const HIDDEN = '(hidden)';

/** The names of options and environment variables that probably hold secrets. */
const SECRET_NAME =
  /pass(?:w|phrase|$)|secret|token|credential|api[_-]?key|(?:^|[_-])(?:key|auth|pw)(?:$|[_-])|(?:access|private)[_-]?key/i;

/** What an argument such as `password=…` says of a secret. */
const ASSIGNMENT = /^([\w.-]+)=./s;

/** The user and password in a URL, and what follows its path, where keys are put, too. */
const URL_PARTS = /^(.*?[a-z][a-z\d+.-]*:\/\/)(?:[^/?#@]*@)?([^?#]*)([?#].*)?$/is;

/** In a text, the user and password of a URL, and whole URLs up to a blank or a quotation mark. */
const URL_USERS = /\b([a-z][a-z\d+.-]*:\/\/)[^\s/?#@]*@/gi;
const URLS = /\b[a-z][a-z\d+.-]*:\/\/[^\s'"<>]+/gi;
/** Shorter values of variables are part of too many words. */
const MIN_SECRET_CHARACTERS = 4;

/** An error about a Corefile, which may quote any of its words, as anybody may see it. */
export function shownError(message: string, environment: Environment): string {
  let shown = message;
  for (const [name, value = ''] of Object.entries(environment)) {
    if (value.length >= MIN_SECRET_CHARACTERS && SECRET_NAME.test(name)) shown = shown.replaceAll(value, `{$${name}}`);
  }
  return shown.replace(URL_USERS, `$1${HIDDEN}@`).replace(URLS, (url) => url.replace(URL_PARTS, withoutSecrets));
}

/** The directives of a plugin in normal form, as anybody may see them: without secrets. */
export function shownText({ definition, uses }: Pick<PluginConfiguration, 'definition' | 'uses'>): string {
  return uses.map((directive) => printDirective(shownDirective(directive, definition))).join('\n');
}

/** A Corefile in normal form, with imports and variables filled in and without secrets. */
export function shownCorefile(blocks: readonly BlockConfiguration[]): string {
  return printCorefile(blocks.map(shownBlock));
}

function shownBlock({ source, plugins }: BlockConfiguration): ServerBlock {
  const definitions = new Map(plugins.map(({ definition }) => [definition.name, definition]));
  const directives = source.directives.map((directive) => shownDirective(directive, definitions.get(directive.name)!));
  return { ...source, keys: source.keys.map((key) => shownToken(key, false)), directives };
}

function shownDirective(directive: Directive, definition: PluginDefinition): Directive {
  return {
    ...directive,
    args: shownArgs(directive.args, undefined, definition),
    options: directive.options.map((option) => shownOption(option, definition)),
  };
}

function shownOption(option: Line, definition: PluginDefinition): Line {
  const { name, written } = option;
  return { ...option, name: shownWord(name, written, false), args: shownArgs(option.args, name, definition) };
}

function shownArgs(args: readonly Token[], option: string | undefined, definition: PluginDefinition): Token[] {
  const secrets = definition.secrets?.(
    option,
    args.map(({ text }) => text),
  );
  const isSecret = (place: number) => secrets?.includes(place) ?? SECRET_NAME.test(option ?? '');
  return args.map((token, place) => shownToken(token, isSecret(place)));
}

function shownToken(token: Token, isSecret: boolean): Token {
  return { ...token, text: shownWord(token.text, token.written, isSecret) };
}

/** A reference to a variable that holds a secret says more than the mark, and gives nothing away. */
function shownWord(text: string, written: string | undefined, isSecret: boolean): string {
  const names = written === undefined ? [] : referencesIn(written);
  if (names.some((name) => isSecret || SECRET_NAME.test(name))) return written!.replace(URL_PARTS, withoutSecrets);
  if (isSecret) return HIDDEN;
  const assigned = ASSIGNMENT.exec(text)?.[1];
  if (assigned !== undefined && SECRET_NAME.test(assigned)) return `${assigned}=${HIDDEN}`;
  return text.replace(URL_PARTS, withoutSecrets);
}

function withoutSecrets(url: string, scheme: string, rest: string, query: string | undefined): string {
  const hasUser = url.length > scheme.length + rest.length + (query?.length ?? 0);
  return `${scheme}${hasUser ? `${HIDDEN}@` : ''}${rest}${query === undefined ? '' : `${query[0]}${HIDDEN}`}`;
}
