import { longestZone, type Name, ROOT } from '../../dns/name.ts';
import { printPeer } from '../../net/transport.ts';
import type { PluginEnv } from '../../plugin/env.ts';
import { statusOfWatches } from '../../plugin/file-status.ts';
import { TRANSFERS, UPSTREAMS } from '../../plugin/keys.ts';
import { closedZones } from '../../plugin/lookup.ts';
import { definePlugin } from '../../plugin/plugin.ts';
import { UNCHANGING } from '../../plugin/repeat.ts';
import { whileServing } from '../../plugin/while-serving.ts';
import type { ServedZone } from '../../zone/answer.ts';
import { explainZone, type ServedZones, zoneHandler } from '../../zone/handler.ts';
import { showZones } from '../../zone/metrics.ts';
import { aboutZones } from '../../zone/status.ts';
import { transferZones } from '../../zone/transfers.ts';
import { copyZone } from './copy.ts';
import { type CatalogZones, followCatalogs } from './members.ts';
import { parseSecondary, type SecondaryUse } from './options.ts';

const NAME = 'secondary';

/** Answers from copies of zones that other servers have. */
export default definePlugin<readonly SecondaryUse[]>({
  name: NAME,
  dependsOn: 'marked',

  parse: parseSecondary,

  ends: (uses) => ({
    zones: uses.flatMap(({ zones, fallthrough, passesUnready, catalog }) =>
      catalog || passesUnready ? [] : closedZones(zones, fallthrough),
    ),
    asked: uses.flatMap(({ zones, catalog }) => (catalog ? [ROOT] : zones)),
    remedy: "add 'fallthrough'",
  }),

  create(uses, env) {
    const served = uses
      .filter(({ catalog }) => !catalog)
      .flatMap(({ zones, from, fallthrough, passesUnready }) =>
        zones.map((origin) => {
          const copy = env.keep(JSON.stringify({ origin, from }), () => copyZone({ origin, from }, env));
          return { copy, held: copy.held, fallthrough, passesUnready };
        }),
      );
    const zones = new Map<string, ServedZone>(served.map((each) => [each.held.origin, each]));
    const catalogs = openCatalogs(uses, [...zones.keys()], env);
    const held = () => [...served.map((each) => each.held), ...(catalogs?.held ?? [])];
    const all: ServedZones = !catalogs
      ? zones
      : {
          get(origin) {
            const found = zones.get(origin) ?? catalogs.get(origin);
            if (!found || 'fallthrough' in found) return found;
            const { fallthrough, passesUnready } = uses.find(
              (use) => use.catalog && use.zones.includes(found.catalog),
            )!;
            return { held: found.held, fallthrough, passesUnready };
          },
          repeat: { ...UNCHANGING, epochs: [catalogs.epoch] },
        };
    env.offer(UPSTREAMS, (name) => {
      const origin = longestZone(name, [...zones.keys()]);
      const use = uses.find(({ zones, catalog }) => !catalog && origin !== undefined && zones.includes(origin));
      return use?.from.map(printPeer) ?? [];
    });
    env.offer(TRANSFERS, transferZones(held, catalogs?.onZones));
    return {
      wrap: (next) => zoneHandler(NAME, all, env, next),
      explain: (query, reply) => explainZone(query, reply, all),
      async start() {
        for (const { copy } of served) copy.start();
        catalogs?.start();
      },
      status() {
        const watches = [...served.map(({ copy }) => copy.status()), ...(catalogs?.watches() ?? [])];
        return statusOfWatches(watches, {
          ...aboutZones(watches.length),
          remedy:
            'Check that the primary servers run, that this server can reach them, and that they allow transfers to it.',
        });
      },
      ...whileServing(() => showZones(env, NAME, held)),
    };
  },
});

function openCatalogs(uses: readonly SecondaryUse[], taken: readonly Name[], env: PluginEnv): CatalogZones | undefined {
  const sources = uses.flatMap(({ zones, from, catalog }) =>
    catalog ? zones.map((origin) => ({ origin, from, accepted: catalog })) : [],
  );
  if (sources.length === 0) return undefined;
  return env.keep(JSON.stringify({ sources, taken }), () => followCatalogs(sources, taken, env));
}
