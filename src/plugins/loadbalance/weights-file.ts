import type { Kept, PluginEnv } from '../../plugin/env.ts';
import { watchFile } from '../../plugin/watched-file.ts';
import { MAX_FILE_OCTETS, parseWeights, type Weights } from './weights.ts';

/** The weights of a file, kept up to date. */
interface WeightsFile extends Kept {
  readonly weights: Weights;
  check(): Promise<void>;
}

/** Watches a file of weights; until it could be read, all addresses weigh the same. */
export function openWeights(
  { path, reloadMs }: { path: string; reloadMs: number },
  { clock, log }: PluginEnv,
): WeightsFile {
  let weights: Weights = new Map();
  const file = watchFile({
    path,
    clock,
    intervalMs: reloadMs,
    maxOctets: MAX_FILE_OCTETS,
    changed(text) {
      weights = parseWeights(path, text);
    },
    problem: (message) => log.warning(`cannot read the weights, those known so far stay: ${message}`),
  });
  return {
    get weights() {
      return weights;
    },
    check: file.check,
    stop: file.stop,
  };
}
