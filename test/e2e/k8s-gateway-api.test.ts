import { expect, onTestFinished, test, vi } from 'vitest';
import { apiNamespace, apiService } from '../support/api-objects.ts';
import { type ApiServer, type KubernetesObject, startApiServer } from '../support/api-server/index.ts';
import { ask } from '../support/ask.ts';
import { PATIENT } from '../support/patience.ts';
import { startServer } from '../support/server.ts';

const ingress = (name: string, host: string, ip: string): KubernetesObject => ({
  ...{ apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', metadata: { name, namespace: 'shop' } },
  spec: { rules: [{ host }] },
  status: { loadBalancer: { ingress: [{ ip }] } },
});
const OBJECTS = [apiNamespace('shop'), apiService('shop/web', '10.96.0.1'), ingress('web', 'www.example', '192.0.2.1')];

async function apiWith(objects: readonly KubernetesObject[] = OBJECTS): Promise<ApiServer> {
  const api = await startApiServer({ objects });
  onTestFinished(() => api.close());
  return api;
}

/** How often a resource was listed, be it in a stream. */
const lists = ({ requests }: ApiServer, resource: string) =>
  requests.filter(({ path, query }) => path.endsWith(`/${resource}`) && (query.sendInitialEvents || !query.watch))
    .length;

test('one connection and one watch of each kind serve all blocks that name the cluster', async () => {
  const api = await apiWith();
  const { port } = await startServer(`. {
  bind 127.0.0.1
  kubernetes cluster.local {
    endpoint ${api.url}
  }
  k8s_gateway example
}
other.test {
  bind 127.0.0.1
  k8s_gateway {
    endpoint ${api.url}
  }
}`);
  expect((await ask(port, 'web.shop.svc.cluster.local', 'A')).answer).toEqual(['10.96.0.1']);
  expect((await ask(port, 'www.example', 'A')).answer).toEqual(['192.0.2.1']);
  expect((await ask(port, 'www.other.test', 'A')).rcode).toBe('NXDOMAIN');
  expect([lists(api, 'services'), lists(api, 'ingresses')]).toEqual([1, 1]);
  api.put(ingress('new', 'new.other.test', '192.0.2.2'));
  await vi.waitFor(async () => expect((await ask(port, 'new.other.test', 'A')).answer).toEqual(['192.0.2.2']), PATIENT);
  expect((await ask(port, 'new.example', 'A')).rcode).toBe('NXDOMAIN');
});

test('a reload that adds a kind lists this kind only, and goes on serving', async () => {
  const api = await apiWith();
  const text = (resources: string) =>
    `. {\n  bind 127.0.0.1\n  k8s_gateway example {\n    endpoint ${api.url}\n    resources ${resources}\n  }\n}`;
  const { port, server, rewrite } = await startServer(text('Ingress'));
  expect((await ask(port, 'node1.example', 'A')).rcode).toBe('NXDOMAIN');
  api.put({
    ...{ apiVersion: 'v1', kind: 'Node', metadata: { name: 'node1' } },
    status: { addresses: [{ type: 'InternalIP', address: '192.0.2.11' }] },
  });
  rewrite(text('Ingress Node'));
  expect(await server.reload()).toBe('reloaded');
  expect((await ask(port, 'node1.example', 'A')).answer).toEqual(['192.0.2.11']);
  expect([lists(api, 'ingresses'), lists(api, 'nodes')]).toEqual([1, 1]);
});

test('without the right to read a kind, names of the others are served, until the right comes', async () => {
  const api = await startApiServer({ objects: [...OBJECTS, ingress('new', 'new.example', '')] });
  onTestFinished(() => api.close());
  await api.set({ forbidden: [{ resource: 'nodes' }] });
  const { port, lines } = await startServer(`. {
  bind 127.0.0.1
  k8s_gateway example {
    endpoint ${api.url}
    resources Node Ingress
    startup_timeout 1ms
  }
}`);
  await vi.waitFor(async () => expect((await ask(port, 'www.example', 'A')).answer).toEqual(['192.0.2.1']), PATIENT);
  expect(await ask(port, 'www.example', 'AAAA')).toMatchObject({ rcode: 'NOERROR', answer: [] });
  for (const unknown of ['node1.example', 'new.example', 'example']) {
    expect((await ask(port, unknown, 'A')).rcode).toBe('SERVFAIL');
  }
  expect(lines.join('\n')).toMatch(/nodes.* this server needs the verbs list and watch on nodes/);
  await api.set({ forbidden: [] });
  await vi.waitFor(async () => expect((await ask(port, 'node1.example', 'A')).rcode).toBe('NXDOMAIN'), PATIENT);
  expect(await ask(port, 'new.example', 'A')).toMatchObject({ rcode: 'NOERROR', answer: [] });
});

test('until the kinds are listed, replies are SERVFAIL and readiness says which is missing', async () => {
  const api = await startApiServer({ objects: OBJECTS, silent: true, faulty: { resource: 'ingresses' } });
  onTestFinished(() => api.close());
  const { port, lines } = await startServer(`. {
  bind 127.0.0.1
  k8s_gateway example {
    endpoint ${api.url}
    startup_timeout 1ms
  }
}`);
  expect((await ask(port, 'www.example', 'A')).rcode).toBe('SERVFAIL');
  expect((await ask(port, 'example', 'SOA')).rcode).toBe('NOERROR');
  await vi.waitFor(
    () => expect(lines.join('\n')).toMatch(/ingresses\.networking\.k8s\.io are not listed yet/),
    PATIENT,
  );
  await api.set({ silent: false });
});
