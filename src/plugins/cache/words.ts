import type { Name } from '../../dns/name.ts';
import type { Setting } from '../../plugin/plugin.ts';
import type { CacheOptions } from './options.ts';

/** The settings of the lines `cache`, `success` and `denial`, with their defaults. */
export function cacheWords({ zones, success, denial }: CacheOptions, blockZones: readonly Name[]): readonly Setting[] {
  const isWhole = blockZones.every((zone) => zones.includes(zone));
  const kinds = Object.entries({ success, denial });
  return [
    ...(isWhole ? [] : [{ what: 'zones', value: [...zones].sort().join(' ') }]),
    ...kinds.flatMap(([kind, { capacity, maxTtl, minTtl }]) => [
      { what: `${kind} TTL`, value: `${maxTtl} s` },
      { what: `${kind} minimum TTL`, value: `${minTtl} s` },
      { what: `${kind} capacity`, value: String(capacity) },
    ]),
  ];
}
