import { mkdtempSync, rmSync } from 'node:fs';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { foldName } from '../../../src/dns/name.ts';
import { generateCluster } from './cluster.ts';
import { compareServers, printDifference } from './compare.ts';
import { explain } from './deliberate.ts';
import { questionsFor } from './questions.ts';
import { type CairnSource, startCairn, startCoredns } from './servers.ts';
import { generateSettings, kubeadm, type Settings } from './settings.ts';

/** What a comparison over generated clusters found. */
export interface Findings {
  clusters: number;
  questions: number;
  /** How many differences each topic of the table explains. */
  readonly reasons: Map<string, number>;
  /** The differences that nothing explains, with what was served. */
  readonly unexplained: string[];
}

export interface ClusterRun {
  /** CoreDNS. */
  readonly program: string;
  readonly source: CairnSource;
  /** `ADDRESS:PORT` of who knows `example.org`. */
  readonly upstream: string;
}

/** How many of the less common types each name is asked with. */
const OTHER_TYPES = 3;
/** Addresses of this machine, which make it an endpoint of services; a name server is found by them. */
const OWN_ADDRESSES = Object.values(networkInterfaces())
  .flatMap((addresses = []) => addresses)
  .filter(({ internal, address }) => !internal && !address.startsWith('fe80:'))
  .map(({ address }) => address);

export function nothingFound(): Findings {
  return { clusters: 0, questions: 0, reasons: new Map(), unexplained: [] };
}

/** Serves the cluster of a seed with CoreDNS and Cairn, as kubeadm does and in two ways of its own, and adds what differs. */
export async function compareOverCluster(
  seed: number,
  { program, source, upstream }: ClusterRun,
  into: Findings,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'cairn-compare-'));
  const objects = generateCluster(seed, OWN_ADDRESSES);
  const settings = [kubeadm, generateSettings(2 * seed), generateSettings(2 * seed + 1)];
  const world = { folder, objects, settings, upstream };
  const coredns = await startCoredns(program, world);
  try {
    const cairn = await startCairn(source, world);
    try {
      for (const [i, one] of settings.entries()) {
        const questions = questionsFor(objects, { zones: forwardZones(one), otherTypes: OTHER_TYPES, seed });
        const host = '127.0.0.1';
        const [left, right] = [
          { host, port: coredns.ports[i]! },
          { host, port: cairn.ports[i]! },
        ];
        for (const difference of await compareServers(left, right, questions)) {
          const reason = explain({ ...difference, settings: one, objects });
          if (reason) into.reasons.set(reason.topic, (into.reasons.get(reason.topic) ?? 0) + 1);
          else into.unexplained.push(`seed ${seed}, ${printSettings(one)}\n${printDifference(difference)}`);
        }
        into.questions += questions.length;
      }
    } finally {
      await cairn.stop();
    }
  } finally {
    await coredns.stop();
    rmSync(folder, { recursive: true });
  }
  into.clusters++;
}

/** Those that names are put into. */
export function forwardZones({ zones }: Settings): string[] {
  return zones.filter((zone) => !zone.includes('/') && !foldName(zone).endsWith('.arpa'));
}

export function printSettings({ zones, options }: Settings): string {
  return [zones.join(' '), ...options].join('; ');
}

/** What was found, as text: how much was asked, and how often each difference was met. */
export function printFindings({ clusters, questions, reasons, unexplained }: Findings): string {
  const counts = [...reasons]
    .sort(([, a], [, b]) => b - a)
    .map(([topic, count]) => `${String(count).padStart(8)} ${topic}`);
  return [
    `${clusters} clusters, ${questions} questions; differences:`,
    ...counts,
    `${String(unexplained.length).padStart(8)} unexplained`,
  ].join('\n');
}
