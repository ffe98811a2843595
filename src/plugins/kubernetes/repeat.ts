import type { Repeat } from '../../plugin/repeat.ts';
import { repeatUntilMoved } from '../../plugin/repeat.ts';
import type { Epoch } from '../../registry/epochs.ts';
import type { Cluster } from './cluster.ts';
import type { Contents } from './contents.ts';
import type { AnswerCells } from './metrics.ts';

/** How long answers hold: says it of each, so that what is not affected by a change is not made anew. */
export type RepeatOf = (contents: Contents | undefined, kind: keyof AnswerCells, isHit: boolean) => Repeat | undefined;

export function createRepeatOf({ registry, services, options }: Cluster, answers: AnswerCells): RepeatOf {
  const { epochs } = registry;
  const all = [epochs.all];
  const namespaces = [epochs.namespaces];
  const again = Object.fromEntries(
    Object.entries(answers).map(([kind, cell]) => [kind, () => void cell.value++]),
  ) as Record<keyof AnswerCells, () => void>;

  /** A denial carries the zone's serial, which changes with everything. */
  const epochsOf = (contents: Contents | undefined, isHit: boolean): readonly Epoch[] => {
    if (!isHit || !contents) return all;
    if (contents.kind === 'pod') return options.pods === 'insecure' ? namespaces : all;
    if (contents.kind !== 'service' && contents.kind !== 'headless' && contents.kind !== 'endpoint') return all;
    const service = services.service(contents.namespace, contents.service);
    return service ? [epochs.of(service), epochs.namespaces] : all;
  };
  return (contents, kind, isHit) => {
    // Name servers are told by the machine's own addresses, which may change without a word.
    if (contents?.kind === 'apex' || contents?.kind === 'nameserver' || kind === 'unready') return undefined;
    return { ...repeatUntilMoved(epochsOf(contents, isHit), again[kind]), spelledAsAsked: true };
  };
}
