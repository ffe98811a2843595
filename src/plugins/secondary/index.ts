import { definePlugin } from '../../plugin/plugin.ts';
import { whileServing } from '../../plugin/while-serving.ts';
import { type ServedZone, zoneHandler } from '../../zone/handler.ts';
import { showZones } from '../../zone/metrics.ts';
import { transferZones } from '../../zone/transfers.ts';
import { copyZone } from './copy.ts';
import { parseSecondary, type SecondaryUse } from './options.ts';

const NAME = 'secondary';

/** Answers from copies of zones that other servers have. */
export default definePlugin<readonly SecondaryUse[]>({
  name: NAME,

  parse: parseSecondary,

  create(uses, env) {
    const served = uses.flatMap(({ zones, from, fallthrough }) =>
      zones.map((origin) => {
        const copy = env.keep(JSON.stringify({ origin, from }), () => copyZone({ origin, from }, env));
        return { copy, held: copy.held, fallthrough };
      }),
    );
    const zones = new Map<string, ServedZone>(served.map((each) => [each.held.origin, each]));
    const held = served.map((each) => each.held);
    return {
      wrap: (next) => zoneHandler(NAME, zones, env, next),
      transfers: transferZones(() => held),
      async start() {
        for (const { copy } of served) copy.start();
      },
      ...whileServing(() => showZones(env, NAME, () => held)),
    };
  },
});
