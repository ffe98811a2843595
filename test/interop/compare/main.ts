/**
 * Compares two DNS servers that serve the same cluster: `node test/interop/compare/main.ts --left HOST:PORT
 * --right HOST:PORT --objects FILE [--zones A,B] [--options 'pods insecure;ttl 30']`. FILE is JSON, a List of the cluster's
 * objects. It asks every name that they could have and near misses, with all types, and prints each difference with its
 * reason where CoreDNS is on the left, Cairn on the right, and the difference is meant. It ends with 1 if one is not.
 *
 * Or over generated clusters, which it serves itself: `--clusters FROM-TO [--source manifests|endpoint]`, with CoreDNS where the
 * variable COREDNS_BIN says.
 */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { compareOverCluster, nothingFound, printFindings } from './cluster-run.ts';
import { compareServers, printDifference } from './compare.ts';
import { explain } from './deliberate.ts';
import type { Address } from './exchange.ts';
import { startOutside } from './outside.ts';
import { questionsFor } from './questions.ts';
import { kubeadm } from './settings.ts';

const { values: options } = parseArgs({
  options: {
    left: { type: 'string' },
    right: { type: 'string' },
    objects: { type: 'string' },
    zones: { type: 'string', default: kubeadm.zones.join() },
    options: { type: 'string', default: '' },
    clusters: { type: 'string' },
    source: { type: 'string', default: 'manifests' },
  },
});
const print = (text: string) => process.stdout.write(`${text}\n`);

process.exitCode = options.clusters === undefined ? await compareTwo() : await compareGenerated(options.clusters);

async function compareTwo(): Promise<number> {
  const { left, right, objects: file } = options;
  if (!left || !right || !file) throw new Error('--left, --right and --objects are needed, or --clusters');
  const objects = JSON.parse(readFileSync(file, 'utf8')).items;
  const zones = options.zones.split(',');
  const settings = { zones, options: options.options.split(';').map((line) => line.trim()) };
  const questions = questionsFor(objects, { zones: zones.filter((zone) => !/\.arpa$|\//.test(zone)) });
  let unexplained = 0;
  for (const difference of await compareServers(parseAddress(left), parseAddress(right), questions)) {
    const reason = explain({ ...difference, settings, objects });
    if (!reason) unexplained++;
    print(`${printDifference(difference)}\n  = ${reason?.topic ?? 'unexplained'}`);
  }
  print(`${questions.length} questions, ${unexplained} unexplained differences`);
  return unexplained === 0 ? 0 : 1;
}

async function compareGenerated(range: string): Promise<number> {
  const program = process.env.COREDNS_BIN;
  if (program === undefined) throw new Error('COREDNS_BIN must say where CoreDNS is');
  const source = options.source === 'endpoint' ? 'endpoint' : 'manifests';
  const [from, to] = range.split('-').map(Number);
  const outside = await startOutside();
  const findings = nothingFound();
  for (let seed = from!; seed <= (to ?? from!); seed++)
    await compareOverCluster(seed, { program, source, upstream: outside.endpoint }, findings);
  await outside.close();
  for (const text of findings.unexplained) print(text);
  print(printFindings(findings));
  return findings.unexplained.length === 0 ? 0 : 1;
}

function parseAddress(text: string): Address {
  const [, host, port] = /^\[?(.*?)\]?:(\d+)$/.exec(text) ?? [];
  if (host === undefined) throw new Error(`'${text}' is not HOST:PORT`);
  return { host, port: Number(port) };
}
