import type { Setting } from '../../plugin/plugin.ts';
import type { Rule } from './options.ts';

/** Which types of which names are filtered. */
export function filterWords(rules: readonly Rule[]): readonly Setting[] {
  return rules.flatMap(({ type, other, zones, unlessOnly }) =>
    zones.map((zone) => ({
      what: zone === '.' ? 'all names' : `names of ${zone.slice(0, -1)}`,
      value: `without ${type.mnemonic}${unlessOnly ? ` if they have ${other.mnemonic}` : ''}`,
    })),
  );
}
