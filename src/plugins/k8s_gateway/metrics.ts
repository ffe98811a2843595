import type { Epoch } from '../../base/epoch.ts';
import type { DeclaredNames } from '../../declared/declared-names.ts';
import { KINDS, type Kind } from '../../declared/kinds.ts';
import type { Side } from '../../declared/targets.ts';
import type { Name } from '../../dns/name.ts';
import type { Cell, Metrics } from '../../observe/metrics.ts';
import type { PluginEnv } from '../../plugin/env.ts';

const OTHERS = ['apex', 'nameserver', 'delegation', 'nodata', 'nxdomain', 'unready', 'refused'] as const;

/** Counts of the plugin's replies: by the kind of object that answered, for each kind of clients, and the others. */
export interface AnswerCells extends Readonly<Record<(typeof OTHERS)[number], Cell>> {
  /** `all` for replies that do not depend on the client. */
  readonly of: Readonly<Record<Side | 'all', Readonly<Record<Kind, Cell>>>>;
}

/** The cells of `cairn_k8s_gateway_answers_total`. */
export function answerCells(metrics: Metrics): AnswerCells {
  const help = 'Replies of the plugin k8s_gateway, by the kind of object that answered, and for which clients.';
  const family = metrics.counter('cairn_k8s_gateway_answers_total', help, ['kind', 'clients']);
  const of = (side: string) => Object.fromEntries(KINDS.map((kind) => [kind, family.cell(kind, side)]));
  const others = Object.fromEntries(OTHERS.map((kind) => [kind, family.cell(kind, '')]));
  return { ...others, of: { inside: of('inside'), outside: of('outside'), all: of('all') } } as unknown as AnswerCells;
}

/** Shows the state of the names. Returns a function that ends it. */
export function showNames(names: DeclaredNames, zones: readonly Name[], { metrics, block }: PluginEnv): () => void {
  const { server } = block;
  const gauge = (name: string, help: string, ...labels: string[]) =>
    metrics.gauge(`cairn_k8s_gateway_${name}`, help, ['server', ...labels]);
  const counts = gauge('names', 'Host names of objects: in the zones (served), and elsewhere (outside).', 'state');
  const conflicts = gauge('conflicts', 'Names that several objects claim with different targets.');
  const serials = gauge('serial', 'The serial of a zone: the Unix time of its last change.', 'zone');
  const countConflicts = untilMoved(names.epoch, () => names.countConflicts());
  return metrics.show([counts, conflicts, serials], () => {
    const { served, outside } = names.counts();
    counts.cell(server, 'served').value += served;
    counts.cell(server, 'outside').value += outside;
    conflicts.cell(server).value += countConflicts();
    for (const zone of zones) serials.cell(server, zone).value = names.serial.value;
  });
}

/** `compute`, called again only when the epoch has moved: there may be very many names with several claims. */
function untilMoved(epoch: Epoch, compute: () => number): () => number {
  let last: { readonly epoch: number; readonly value: number } | undefined;
  return () => {
    if (last?.epoch !== epoch.value) last = { epoch: epoch.value, value: compute() };
    return last.value;
  };
}
