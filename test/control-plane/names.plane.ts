import { expect } from 'vitest';
import type { Question } from '../../src/dns/message.ts';
import { generateCluster } from '../interop/compare/cluster.ts';
import { forwardZones, nothingFound, printFindings, printSettings } from '../interop/compare/cluster-run.ts';
import { compareServers, type Difference, printDifference } from '../interop/compare/compare.ts';
import { explain } from '../interop/compare/deliberate.ts';
import type { Address } from '../interop/compare/exchange.ts';
import { startOutside } from '../interop/compare/outside.ts';
import { questionsFor } from '../interop/compare/questions.ts';
import { refusalOf } from '../interop/compare/refused.ts';
import { startCairn as startFromManifests } from '../interop/compare/servers.ts';
import { blockText, generateSettings, kubeadm, type Settings } from '../interop/compare/settings.ts';
import type { KubernetesObject } from '../support/api-server/index.ts';
import { folderWith } from '../support/folder.ts';
import { pathOf } from './api.ts';
import { startCairn } from './cairn.ts';
import type { ControlPlane } from './control-plane.ts';
import { startCoredns } from './coredns.ts';
import { empty, fill } from './fill.ts';
import { openControlPlane, test, until } from './open.ts';
import { wrongAnswers } from './wrong-answers.ts';

const CLUSTERS = Number(process.env.CONTROL_PLANE_CLUSTERS ?? 8);
const OTHER_TYPES = 3;
const FIRST_PORT = 53;
const COREDNS = process.env.COREDNS_BIN;

/** As kubeadm does, and in ways that the rights of deploy/base are enough for. */
const settings: readonly Settings[] = [kubeadm, ...[1, 2, 5, 8].map(generateSettings).map(withoutPods)];

function withoutPods({ zones, options }: Settings): Settings {
  return { zones, options: options.map((line) => (line === 'pods verified' ? 'pods insecure' : line)) };
}

test('answers are what the API says, over generated clusters', {
  timeout: 60_000 + CLUSTERS * 60_000,
}, async (context) => {
  const plane = await openControlPlane(context);
  const outside = await startOutside();
  context.onTestFinished(() => outside.close());
  const cairn = await startCairn(plane, { corefile: (address) => corefileFor(address, outside.endpoint) });
  const coredns = COREDNS === undefined ? undefined : await startCoredns(plane, COREDNS, settings, outside.endpoint);
  const findings = nothingFound();
  for (let seed = 1; seed <= CLUSTERS; seed++) {
    await fillAsExpected(plane, generateCluster(seed));
    await until(() => wrongAnswers(plane.api, cairn.address), []);
    const objects = await readAll(plane);
    const fromManifests = await serveObjects(objects, outside.endpoint);
    for (const [i, one] of settings.entries()) {
      const questions = questionsFor(objects, { zones: forwardZones(one), otherTypes: OTHER_TYPES, seed });
      const served: Served = {
        settings: one,
        questions,
        cairn: { host: cairn.address, port: FIRST_PORT + i },
      };
      await untilAlike(fromManifests.ports[i]!, served, () => undefined);
      if (coredns) {
        const reasonOf = (difference: Difference) => explain({ ...difference, settings: one, objects })?.topic;
        for (const reason of await untilAlike(coredns.ports[i]!, served, reasonOf))
          findings.reasons.set(reason, (findings.reasons.get(reason) ?? 0) + 1);
      }
      findings.questions += questions.length;
    }
    await fromManifests.stop();
    findings.clusters++;
    await empty(plane.api);
  }
  process.stdout.write(`${printFindings(findings)}\n`);
});

interface Served {
  readonly settings: Settings;
  readonly questions: readonly Question[];
  readonly cairn: Address;
}

/** Waits until a server of this machine and Cairn, which may be behind, answer alike but for differences that have a reason; the reasons. */
async function untilAlike(
  port: number,
  { settings, questions, cairn }: Served,
  reasonOf: (difference: Difference) => string | undefined,
): Promise<string[]> {
  let reasons: string[] = [];
  await until(async () => {
    const found = await compareServers({ host: '127.0.0.1', port }, cairn, questions);
    reasons = found.map(reasonOf).filter((reason) => reason !== undefined);
    const unexplained = found.filter((difference) => reasonOf(difference) === undefined);
    return unexplained.map((difference) => `${printSettings(settings)}\n${printDifference(difference)}`);
  }, []);
  return reasons;
}

/** Creates the objects of a cluster; the API server refuses those that are marked so, and no others. */
async function fillAsExpected({ api }: ControlPlane, objects: readonly KubernetesObject[]): Promise<void> {
  const refused = await fill(api, objects);
  for (const { object, message } of refused) expect(message).toMatch(refusalOf(object, objects)?.says ?? /^taken$/);
  const taken = objects.filter((object) => !refused.some((one) => one.object === object));
  expect(taken.filter((object) => refusalOf(object, objects))).toEqual([]);
}

async function readAll({ api }: ControlPlane): Promise<KubernetesObject[]> {
  return (
    await Promise.all(['Namespace', 'Service', 'EndpointSlice', 'Pod'].map((kind) => api.list(pathOf(kind))))
  ).flat();
}

/** Serves the objects by themselves. */
function serveObjects(objects: readonly KubernetesObject[], upstream: string) {
  return startFromManifests('manifests', { folder: folderWith({}), objects, settings, upstream });
}

/** One block after the other, at ports of one address. */
function corefileFor(address: string, upstream: string): string {
  const blocks = settings.map((one, i) => blockText(FIRST_PORT + i, one, '', upstream)).join('\n');
  return blocks
    .replaceAll(/^(\S+:\d+ \{)$/gm, `$1\n    bind ${address}`)
    .replace(/^( +)bind/m, `$1ready ${address}:8181\n$1bind`);
}
