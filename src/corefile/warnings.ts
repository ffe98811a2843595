import type { Position } from './position.ts';

/**
 * The names of warnings, and what each means. A name is stable across releases.
 *
 * docs/check.md lists them; a test compares the list with the page.
 */
export const WARNINGS = {
  'constant-expression': 'An expression has the same value for every query, so it chooses nothing.',
  'domain-syntax': 'A zone has labels outside of the preferred syntax of RFC 1035 §2.3.1.',
  file: 'A file is missing, or a part of it cannot be used. The server starts without it.',
  'import-nothing':
    'No file matches the pattern of an `import`. `cairn check` does not report it with `--no-files`, and for a ConfigMap only if `coredns-custom` is given, too.',
  'in-word-comment': 'A `#` within a word starts a comment, and the rest of the word is dropped.',
  'looks-like': 'An argument is read as a zone or a name, but looks like something else, such as a path or an option.',
  'never-asked': 'No query reaches a plugin, because a plugin before it answers all queries of its zones.',
  'no-answers': 'No plugin of a server block answers queries.',
  'no-corefile':
    'There is no Corefile, or it has no server block: the server answers every query with `whoami`. For `cairn check` this is an error.',
  'no-effect': 'A line has no effect.',
  'not-served': 'A zone is not served at an address, because another block binds that address.',
  'other-machine': 'This machine does not have an interface. Only with `--no-files`; without it, this is an error.',
  'other-zone': 'A plugin gets no query, because its zones are outside of those of its server block.',
  'page-port': 'An HTTP page has a port of DNS, so it is not served.',
  'shadowed-block': 'A server block gets no query of a zone, because a block before it gets all of them.',
  typography: 'A typographic quote, a non-breaking space or an invisible character, as word processors write them.',
  'unset-variable': 'An environment variable is not set, and its reference becomes empty.',
} as const;

export type WarningName = keyof typeof WARNINGS;

/** Something that is allowed, but probably a mistake. */
export interface CorefileWarning {
  readonly name: WarningName;
  readonly position: Position;
  readonly message: string;
}
