import { delimiter } from 'node:path';
import { expect, test, vi } from 'vitest';
import { ask } from '../support/ask.ts';
import { PATIENT } from '../support/patience.ts';
import { startServer, type TestServer } from '../support/server.ts';

/** Reads any cluster and changes nothing: KUBECONFIG names it, CLUSTER_DOMAIN its zone. */
const [kubeconfig] = (process.env.KUBECONFIG ?? '').split(delimiter);
const zone = process.env.CLUSTER_DOMAIN ?? 'cluster.local';

if (!kubeconfig) throw new Error('KUBECONFIG must name the file of a cluster to test against');

/** A server of that cluster, with options of the plugin. */
function serve(...options: string[]): Promise<TestServer> {
  return startServer(
    `${zone} in-addr.arpa ip6.arpa {
      kubernetes ${zone} in-addr.arpa ip6.arpa {
        kubeconfig ${kubeconfig}
        startup_timeout 30s
        ${options.join('\n')}
      }
    }`,
  );
}

test('a cluster is listed within the time to start, and its names are answered', async () => {
  const { lines, port } = await serve();
  expect(lines.join('\n')).toMatch(/watching [1-9]\d* services, [1-9]\d* endpoints/);
  expect(lines.filter((line) => /^\[(WARNING|ERROR)\]/.test(line))).toEqual([]);
  // The one service that every cluster has.
  const { answer } = await ask(port, `kubernetes.default.svc.${zone}`, 'A');
  expect(answer).toHaveLength(1);
  const reverse = `${answer[0]!.split('.').reverse().join('.')}.in-addr.arpa`;
  expect((await ask(port, reverse, 'PTR')).answer).toEqual([`kubernetes.default.svc.${zone}.`]);
  expect((await ask(port, `_https._tcp.kubernetes.default.svc.${zone}`, 'SRV')).answer).toHaveLength(1);
  expect((await ask(port, `no-such-service.default.svc.${zone}`, 'A')).rcode).toBe('NXDOMAIN');
});

test('pods are listed where they are asked for', async () => {
  const { lines } = await serve('pods verified');
  await vi.waitFor(() => expect(lines.join('\n')).toMatch(/, [1-9]\d* pods and/), PATIENT);
});
