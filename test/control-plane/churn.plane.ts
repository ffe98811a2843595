import { expect } from 'vitest';
import { countRequests } from './audit.ts';
import { startCairn } from './cairn.ts';
import { createChurn, fullService } from './churn.ts';
import { startNodes } from './nodes.ts';
import { openControlPlane, test, until } from './open.ts';
import { CAIRN } from './rights.ts';
import { readCluster, wrongAnswers } from './wrong-answers.ts';

const WRITES_A_SECOND = 25;
const ROUNDS = 5;
const ROUND_MS = 10_000;

test('every answer is right at each quiet point of a cluster that changes 25 times a second', async (context) => {
  const plane = await openControlPlane(context);
  await startNodes(plane);
  const cairn = await startCairn(plane);
  const churn = createChurn(plane.api, 1);
  for (const object of fullService()) await plane.api.create(object);
  const known = new Set<string>();
  let slices = 0;
  for (let round = 1; round <= ROUNDS; round++) {
    await churn.run(WRITES_A_SECOND, ROUND_MS);
    await until(() => wrongAnswers(plane.api, cairn.address, known), []);
    const cluster = await readCluster(plane.api);
    slices = Math.max(slices, ...slicesOfServices(cluster.filter(({ kind }) => kind === 'EndpointSlice')));
  }
  const counts = countRequests(plane.auditLog, CAIRN);
  process.stdout.write(`${[...churn.done].map(([name, times]) => `${times} times ${name}`).join(', ')}\n`);
  const writes = [...churn.done.values()].reduce((sum, times) => sum + times);
  expect(writes).toBeGreaterThan((ROUNDS * ROUND_MS * WRITES_A_SECOND) / 2000);
  expect(churn.done.get('namespace deleted')).toBeGreaterThan(0);
  // Two of each family, at least.
  expect(slices).toBeGreaterThan(3);
  for (const count of Object.values(counts)) expect(count).toMatchObject({ lists: 1, errors: 0 });
});

/** How many slices each service has. */
function slicesOfServices(
  slices: readonly { readonly metadata: { readonly namespace?: string; readonly labels?: object } }[],
): number[] {
  const counts = new Map<string, number>();
  for (const { metadata } of slices) {
    const service = `${metadata.namespace} ${JSON.stringify(metadata.labels)}`;
    counts.set(service, (counts.get(service) ?? 0) + 1);
  }
  return [...counts.values()];
}
