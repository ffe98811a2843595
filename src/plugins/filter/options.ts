import { atLeastArgs, noArgs, oneOfAnyCase, parseOptions } from '../../corefile/arguments.ts';
import type { Directive } from '../../corefile/ast.ts';
import { attempt, CorefileError, throwAll } from '../../corefile/error.ts';
import { isAtOrBelow, type Name } from '../../dns/name.ts';
import { A, AAAA } from '../../dns/rr.ts';
import { blockZones } from '../../plugin/arguments.ts';
import type { ParseContext } from '../../plugin/plugin.ts';

/** The record types of addresses: one is filtered, and the other shows whether a name exists. */
export type AddressType = typeof A | typeof AAAA;

/** What is filtered for the names of some zones. */
export interface Rule {
  readonly type: AddressType;
  readonly other: AddressType;
  readonly zones: readonly Name[];
  /** Whether names without addresses of the other type keep theirs. */
  readonly unlessOnly: boolean;
}

/** Reads all uses of `filter A|AAAA [ZONES…] { … }`. @throws CorefileError, CorefileErrors */
export function parseFilter(uses: readonly Directive[], block: ParseContext): readonly Rule[] {
  const rules: Rule[] = [];
  const errors: CorefileError[] = [];
  for (const use of uses) {
    attempt(errors, () => {
      const [typeToken, ...zoneTokens] = atLeastArgs(use, 1);
      const type = oneOfAnyCase(typeToken, ['A', 'AAAA'], 'type to filter') === 'A' ? A : AAAA;
      const zones = blockZones(zoneTokens, block);
      const twice = zones.find((zone) => rules.some((rule) => rule.zones.includes(zone)));
      if (twice !== undefined) {
        throw new CorefileError(
          use.position,
          `'filter' names the zone ${twice} twice: a zone has one type that is filtered`,
        );
      }
      let unlessOnly = false;
      parseOptions(use, {
        'unless-only': (line) => {
          noArgs(line);
          unlessOnly = true;
        },
      });
      rules.push({ type, other: type === A ? AAAA : A, zones, unlessOnly });
    });
  }
  throwAll(errors);
  return rules;
}

/** The rule for a (folded) name: that of the longest zone that holds it. */
export function ruleFor(name: Name, rules: readonly Rule[]): Rule | undefined {
  let best: Rule | undefined;
  let length = 0;
  for (const rule of rules) {
    for (const zone of rule.zones) {
      if (zone.length <= length || !isAtOrBelow(name, zone)) continue;
      best = rule;
      length = zone.length;
    }
  }
  return best;
}
