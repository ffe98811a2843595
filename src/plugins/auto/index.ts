import type { PluginEnv } from '../../plugin/env.ts';
import { statusOfWatches } from '../../plugin/file-status.ts';
import { TRANSFERS } from '../../plugin/keys.ts';
import { definePlugin } from '../../plugin/plugin.ts';
import { whileServing } from '../../plugin/while-serving.ts';
import { explainZone, zoneHandler } from '../../zone/handler.ts';
import { showZones } from '../../zone/metrics.ts';
import { aboutZones } from '../../zone/status.ts';
import { transferZones } from '../../zone/transfers.ts';
import { followDirectory, type ZoneDirectory } from './directory.ts';
import { type AutoUse, parseAuto } from './options.ts';

const NAME = 'auto';

/** Answers from the master files of a folder. */
export default definePlugin<readonly AutoUse[]>({
  name: NAME,
  dependsOn: 'marked',

  parse: parseAuto,

  // The files of the folder decide which zones exist.
  ends: (uses) => ({ zones: [], asked: uses.flatMap(({ zones }) => zones) }),

  create(uses, env) {
    const directories = uses.map((use) => open(use, env));
    const held = () => directories.flatMap(({ zones }) => zones);
    const zones = {
      get(origin: string) {
        for (const directory of directories) {
          const zone = directory.zone(origin);
          if (zone) return { held: zone, fallthrough: [] };
        }
        return undefined;
      },
      repeat: { epochs: directories.map(({ epoch }) => epoch), untilMs: Number.POSITIVE_INFINITY, again: [] },
    };
    const onZones = (listener: () => void) => {
      const ends = directories.map((directory) => directory.onZones(listener));
      return () => {
        for (const end of ends) end();
      };
    };
    env.offer(TRANSFERS, transferZones(held, onZones));
    return {
      wrap: (next) => zoneHandler(NAME, zones, env, next),
      explain: (query, reply) => explainZone(query, reply, zones),
      async load() {
        await Promise.all(directories.map((directory) => directory.check()));
      },
      status: () =>
        statusOfWatches(
          directories.flatMap((directory) => directory.watches()),
          aboutZones(held().length),
        ),
      ...whileServing(() => showZones(env, NAME, held)),
    };
  },
});

function open(use: AutoUse, env: PluginEnv): ZoneDirectory {
  const { names, zones, reloadMs } = use;
  const directory = env.path(use.directory);
  const key = JSON.stringify({ directory, text: names.text, template: names.template, zones, reloadMs });
  return env.keep(key, () => followDirectory({ ...use, directory }, env));
}
