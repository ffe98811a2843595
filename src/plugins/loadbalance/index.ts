import {
  atLeastArgs,
  durationMs,
  exactArgs,
  lastUse,
  network,
  noArgs,
  oneOf,
  parseOptions,
} from '../../corefile/arguments.ts';
import type { Directive } from '../../corefile/ast.ts';
import { CorefileError } from '../../corefile/error.ts';
import type { Prefix } from '../../dns/ip.ts';
import { Rcode } from '../../dns/message.ts';
import { QType } from '../../dns/rr.ts';
import { Packed } from '../../dns/wire/packed.ts';
import type { PluginEnv } from '../../plugin/env.ts';
import { fileWatch, statusOfWatches } from '../../plugin/file-status.ts';
import { definePlugin } from '../../plugin/plugin.ts';
import type { Query } from '../../plugin/query.ts';
import { notRepeatable } from '../../plugin/repeat.ts';
import { alterReply, hasRecords, mapReply, type Reply, recordsOf, withRecords } from '../../plugin/reply.ts';
import { shuffle } from '../../plugin/shuffle.ts';
import type { OwnStatus } from '../../plugin/status.ts';
import { preferNetworks, type Records, shuffleSection } from './order.ts';
import { drawFirst } from './weights.ts';
import { openWeights, type WeightsFile } from './weights-file.ts';

interface LoadbalanceOptions {
  /** The file of weights; without it, all addresses have the same weight. */
  readonly weighted?: WeightsSource;
  /** Addresses in earlier networks come first. */
  readonly prefer: readonly Prefix[];
}

interface WeightsSource {
  readonly path: string;
  /** How often to check whether the file has changed; 0 for never. */
  readonly reloadMs: number;
}

const DEFAULT_RELOAD_MS = 30_000;

/** Changes the order of addresses in each reply, so that clients spread over them. */
export default definePlugin<LoadbalanceOptions>({
  name: 'loadbalance',
  dependsOn: 'marked',

  parse: (uses) => parseOptionsOf(lastUse(uses)),

  create({ weighted, prefer }, env) {
    const weights = weighted && keepWeights(weighted, env);
    const arrange = (query: Query, reply: Reply): Reply => {
      if (weights || prefer.length > 0) return notRepeatable(arrangeByHand(query, reply));
      return shuffleReply(reply, env.random);
    };
    const arrangeByHand = (query: Query, reply: Reply): Reply => {
      const balanced = weights
        ? withAnswer(reply, drawFirst(reply.answer, query.name, weights.weights, env.random))
        : shuffleReply(reply, env.random);
      return withAnswer(balanced, preferNetworks(balanced.answer, prefer));
    };
    return {
      ...(weights && { load: () => weights.check(), status: () => weightsStatus(weighted.path, weights, env) }),
      wrap: (next) => (query) => {
        if (query.type === QType.AXFR || query.type === QType.IXFR) return next(query);
        return mapReply(next(query), (reply) => (reply.rcode === Rcode.NOERROR ? arrange(query, reply) : reply));
      },
    };
  },
});

function keepWeights({ path, reloadMs }: WeightsSource, env: PluginEnv) {
  const source = { path: env.path(path), reloadMs };
  return env.keep(JSON.stringify(source), () => openWeights(source, env));
}

function weightsStatus(path: string, { weights, watched }: WeightsFile, env: PluginEnv): OwnStatus {
  return statusOfWatches([fileWatch(env.path(path), weights.size, watched, env.clock)], {
    wellSaid: `${weights.size} names have weights.`,
    effect: 'The weights that were read last stay in use',
    remedy: 'Mend the file.',
  });
}

function shuffleReply(reply: Reply, random: () => number): Reply {
  const records = recordsOf(reply);
  return records instanceof Packed ? shufflePacked(reply, records, random) : shuffleRecords(reply, random);
}

/** Moves address records as octets, without decoding: decoding thousands of records would make other clients wait. */
function shufflePacked(reply: Reply, records: Packed, random: () => number): Reply {
  const reordered = records.withAddressesReordered((indexes) => shuffle(indexes, random));
  return reordered ? saidToBeShuffled(reply, withRecords(reply, reordered)) : reply;
}

function shuffleRecords(reply: Reply, random: () => number): Reply {
  const answer = shuffleSection(reply.answer, random);
  const authority = shuffleSection(reply.authority, random);
  const additional = shuffleSection(reply.additional, random);
  const same = answer === reply.answer && authority === reply.authority && additional === reply.additional;
  if (same) return reply;
  return saidToBeShuffled(reply, { ...reply, answer, authority, additional });
}

/** The reply in another order than before. TTLs that count down go on to do so. */
function saidToBeShuffled(before: Reply, reply: Reply): Reply {
  const { repeat } = reply;
  if (!repeat) return reply;
  const { countdown } = repeat;
  const goesOn = countdown && hasRecords(before, countdown.records);
  return alterReply(reply, {
    repeat: { ...repeat, shuffled: true, countdown: goesOn ? { ...countdown, records: recordsOf(reply) } : undefined },
  });
}

function withAnswer(reply: Reply, answer: Records): Reply {
  return answer === reply.answer ? reply : { ...reply, answer };
}

function parseOptionsOf(directive: Directive): LoadbalanceOptions {
  const path = parsePolicy(directive);
  let reloadMs = DEFAULT_RELOAD_MS;
  const prefer: Prefix[] = [];
  parseOptions(directive, {
    reload(line) {
      if (path === undefined) throw new CorefileError(line.position, `'reload' is only for 'weighted FILE'`);
      reloadMs = durationMs(exactArgs(line, 1)[0]);
    },
    prefer: (line) => prefer.push(...atLeastArgs(line, 1).map(network)),
  });
  return { prefer, ...(path !== undefined && { weighted: { path, reloadMs } }) };
}

/** The file of weights, if that is the policy. */
function parsePolicy(directive: Directive): string | undefined {
  const [policy, ...rest] = directive.args;
  if (policy === undefined) return undefined;
  const line = { ...directive, name: policy.text, position: policy.position, args: rest };
  if (oneOf(policy, ['round_robin', 'weighted']) === 'weighted') return exactArgs(line, 1)[0].text;
  noArgs(line);
  return undefined;
}
