import { atLeastArgs, oneOf, parseOptions, recordType } from '../../corefile/arguments.ts';
import type { Directive, OptionLine } from '../../corefile/ast.ts';
import { attempt, CorefileError, throwAll } from '../../corefile/error.ts';
import type { Position } from '../../corefile/position.ts';
import type { Token } from '../../corefile/token.ts';
import { type Prefix, parseIP, parsePrefix } from '../../dns/ip.ts';
import type { Name } from '../../dns/name.ts';
import { blockZones } from '../../plugin/arguments.ts';
import type { ParseContext } from '../../plugin/plugin.ts';

export type Action = 'allow' | 'block' | 'filter' | 'drop';

/** The action for some of the queries for the zones. */
export interface Rule {
  readonly zones: readonly Name[];
  readonly action: Action;
  /** Undefined for all types. */
  readonly types: ReadonlySet<number> | undefined;
  /** Undefined for all clients. */
  readonly networks: readonly Prefix[] | undefined;
  readonly position: Position;
}

const ALL = '*';
const SECTIONS = ['type', 'net'] as const;
type Section = (typeof SECTIONS)[number];

const isSection = (word: string): boolean => SECTIONS.some((section) => section === word);

/** Reads all uses of `acl [ZONES…] { … }` as one list. @throws CorefileError, CorefileErrors */
export function parseAcl(uses: readonly Directive[], block: ParseContext): readonly Rule[] {
  const rules: Rule[] = [];
  const errors: CorefileError[] = [];
  for (const use of uses) {
    attempt(errors, () => {
      const zones = blockZones(use.args, block);
      const add = (line: OptionLine) =>
        rules.push({ zones, action: line.name as Action, position: line.position, ...parseMatch(line) });
      parseOptions(use, { allow: add, block: add, filter: add, drop: add });
    });
  }
  throwAll(errors);
  return rules;
}

/** Reads `[type QTYPE…|*] [net NETWORK…|*]`; both may occur several times, and add up. */
function parseMatch(line: OptionLine): Pick<Rule, 'types' | 'networks'> {
  const types = sectionsOf(line, 'type').map((token) => token.text !== ALL && recordType(token, SECTIONS));
  const networks = sectionsOf(line, 'net').map((token) => token.text !== ALL && readNetwork(token));
  return {
    types: types.length === 0 || types.includes(false) ? undefined : new Set(types as number[]),
    networks: networks.length === 0 || networks.includes(false) ? undefined : (networks as Prefix[]),
  };
}

/** The tokens of all sections that begin with a keyword, `type` or `net`. */
function sectionsOf(line: OptionLine, keyword: Section): readonly Token[] {
  const found: Token[] = [];
  let section: { name: string; position: Token['position']; args: Token[] } | undefined;
  const close = () => {
    if (section) atLeastArgs(section, 1);
    if (section?.name === keyword) found.push(...section.args);
  };
  for (const token of line.args) {
    if (section && !isSection(token.text)) {
      section.args.push(token);
      continue;
    }
    close();
    section = { name: oneOf(token, SECTIONS), position: token.position, args: [] };
  }
  close();
  return found;
}

function readNetwork({ text, position }: Token): Prefix {
  const ip = parseIP(text);
  const prefix = ip ? { ip, bits: 8 * ip.length } : parsePrefix(text);
  if (prefix) return prefix;
  throw new CorefileError(position, `illegal CIDR notation "${text}", expecting ADDRESS or ADDRESS/BITS`);
}
