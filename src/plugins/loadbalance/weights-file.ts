import type { Kept, PluginEnv } from '../../plugin/env.ts';
import { type WatchedFile, watchFile } from '../../plugin/watched-file.ts';
import { MAX_FILE_OCTETS, parseWeights, type Weights } from './weights.ts';

/** The weights of a file, kept up to date. */
export interface WeightsFile extends Kept {
  readonly weights: Weights;
  /** The file itself. */
  readonly watched: WatchedFile;
  check(): Promise<void>;
}

/** Watches a file of weights. Until the file is read, all addresses have the same weight. */
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
    problem: (message) => log.warning(`cannot read the weights, the last ones stay in use: ${message}`),
  });
  return {
    get weights() {
      return weights;
    },
    watched: file,
    check: file.check,
    stop: file.stop,
  };
}
