import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { ask } from '../support/ask.ts';
import { startServer } from '../support/server.ts';

const OBJECTS = `
apiVersion: v1
kind: Pod
metadata: {name: client, namespace: shop}
status: {phase: Running, podIP: 127.0.0.1}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: other}
spec: {clusterIP: 10.96.0.7, ports: [{port: 80}]}
`;

test('a pod needs one query for a name outside its namespace or its cluster', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'cairn-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, 'objects.yaml'), OBJECTS);
  const { port } = await startServer(`. {
    autopath @kubernetes
    kubernetes cluster.local {
      manifests ${folder}
      pods verified
    }
    hosts /dev/null example.org {
      192.0.2.1 www.example.org
    }
    cache
  }`);
  const inside = 'web.other.shop.svc.cluster.local';
  expect((await ask(port, inside, 'A')).answer).toEqual(['web.other.svc.cluster.local.', '10.96.0.7']);
  expect((await ask(port, inside, 'AAAA')).rcode).toBe('NOERROR');
  for (let i = 0; i < 3; i++) {
    const outside = await ask(port, 'www.example.org.shop.svc.cluster.local', 'A');
    expect(outside.answer).toEqual(['www.example.org.', '192.0.2.1']);
  }
  expect((await ask(port, 'www.example.org.other.svc.cluster.local', 'A')).rcode).toBe('NXDOMAIN');
  expect((await ask(port, 'no.example.org.shop.svc.cluster.local', 'A')).rcode).toBe('NXDOMAIN');
});
