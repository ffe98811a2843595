import type { PluginEnv } from '../../plugin/env.ts';
import { statusOfWatches } from '../../plugin/file-status.ts';
import { TRANSFERS } from '../../plugin/keys.ts';
import { closedZones } from '../../plugin/lookup.ts';
import { definePlugin } from '../../plugin/plugin.ts';
import { whileServing } from '../../plugin/while-serving.ts';
import type { ServedZone } from '../../zone/answer.ts';
import { explainZone, zoneHandler } from '../../zone/handler.ts';
import { showZones } from '../../zone/metrics.ts';
import { aboutZones, zoneFileWatches } from '../../zone/status.ts';
import { transferZones } from '../../zone/transfers.ts';
import { type FollowedZoneFile, followZoneFile } from '../../zone/zone-file.ts';
import { type FileUse, parseFile } from './options.ts';

const NAME = 'file';

/** Answers from zones in master files. */
export default definePlugin<readonly FileUse[]>({
  name: NAME,
  dependsOn: 'marked',

  parse: parseFile,

  ends: (uses) => ({
    zones: uses.flatMap(({ zones, fallthrough }) => closedZones(zones, fallthrough)),
    asked: uses.flatMap(({ zones }) => zones),
    remedy: "add 'fallthrough'",
  }),

  create(uses, env) {
    const opened = uses.map((use) => ({ use, file: open(use, env) }));
    const zones = new Map<string, ServedZone>();
    for (const { use, file } of opened) {
      for (const held of file.zones) zones.set(held.origin, { held, fallthrough: use.fallthrough });
    }
    const held = [...zones.values()].map((served) => served.held);
    env.offer(
      TRANSFERS,
      transferZones(() => held),
    );
    return {
      wrap: (next) => zoneHandler(NAME, zones, env, next),
      explain: (query, reply) => explainZone(query, reply, zones),
      async load() {
        await Promise.all(opened.map(({ use, file }) => load(use, file)));
      },
      status() {
        const watches = opened.flatMap(({ use, file }) => zoneFileWatches(file, env.path(use.path), env.clock));
        return statusOfWatches(watches, aboutZones(watches.length));
      },
      ...whileServing(() => showZones(env, NAME, () => held)),
    };
  },
});

function open({ path, zones, reloadMs, byMtime }: FileUse, env: PluginEnv): FollowedZoneFile {
  const source = { path: env.path(path), origins: zones, reloadMs, byMtime, failsAtFirst: true };
  return env.keep(JSON.stringify(source), () => followZoneFile(source, env));
}

/** A missing file may come later. A mistake in a file fails the start. */
async function load({ reloadMs }: FileUse, file: FollowedZoneFile): Promise<void> {
  await file.check();
  const unread = file.zones.find(({ zone }) => !zone);
  if (unread && (file.mistake || reloadMs === 0)) throw file.mistake ?? new Error(unread.problem);
}
