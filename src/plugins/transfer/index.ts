import { listed } from '../../base/listed.ts';
import type { Name } from '../../dns/name.ts';
import type { PluginEnv } from '../../plugin/env.ts';
import { TRANSFERS } from '../../plugin/keys.ts';
import { definePlugin } from '../../plugin/plugin.ts';
import type { OwnStatus } from '../../plugin/status.ts';
import { NAME, ruleFor, transferHandler } from './answer.ts';
import { Followers } from './followers.ts';
import { MessageMemo } from './message-memo.ts';
import { notifyCells, transferCells } from './metrics.ts';
import { notifyOfChanges } from './notify.ts';
import { parseTransfer, type TransferRule } from './options.ts';

/** Transfers zones of the block's plugins to other servers, and notifies them of changes. */
export default definePlugin<readonly TransferRule[]>({
  name: NAME,
  dependsOn: 'marked',

  parse: parseTransfer,

  create(rules, env) {
    const counts = transferCells(env.metrics, env.block.server);
    const sourceOf = (zone: string) => env.ask(TRANSFERS).find(({ zones }) => zones.includes(zone));
    const followers = new Followers(env.clock, counts.waiting);
    const stops: (() => void)[] = [];
    const problems = new Map<string, string>();
    return {
      wrap: (next) => transferHandler({ rules, counts, sourceOf, followers, messages: new MessageMemo() }, next),
      status: () => notifyStatus(problems),
      serving() {
        stops.push(...notifyAll(rules, problems, env));
      },
      drain: () => followers.stop(),
      async shutdown() {
        followers.stop();
      },
      stop() {
        followers.stop();
        for (const stop of stops.splice(0)) stop();
      },
    };
  },
});

function notifyStatus(problems: ReadonlyMap<string, string>): OwnStatus {
  if (problems.size === 0) return {};
  const which = listed([...problems].map(([recipient, problem]) => `${recipient}: ${problem}`));
  const remedy =
    'They notice changes only when they refresh the zone: check that they run, and take NOTIFY from this server.';
  return { state: 'degraded', summary: `The last NOTIFY was not taken, of ${which}. ${remedy}` };
}

/** Notifies the servers in the rules of all their zones that plugins have, and of new ones. Returns functions that end it. */
function notifyAll(rules: readonly TransferRule[], problems: Map<string, string>, env: PluginEnv): (() => void)[] {
  const { clock, log, metrics } = env;
  const counts = notifyCells(metrics);
  return env.ask(TRANSFERS).flatMap((source) => {
    const told = new Map<Name, () => void>();
    const look = () => {
      const present = new Set(source.zones);
      for (const [zone, end] of told) {
        if (present.has(zone)) continue;
        end();
        told.delete(zone);
      }
      for (const zone of present) {
        const rule = ruleFor(rules, zone);
        if (told.has(zone) || !rule || rule.to.length === 0) continue;
        const options = { source, to: rule.to, sourceAddress: rule.source, clock, log, counts, problems };
        told.set(zone, notifyOfChanges(zone, options));
      }
    };
    look();
    const endZones = source.onZones?.(look);
    return () => {
      endZones?.();
      for (const end of told.values()) end();
    };
  });
}
