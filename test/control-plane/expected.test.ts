import { expect, test } from 'vitest';
import { apiNamespace, apiService, apiSlice } from '../support/api-objects.ts';
import type { KubernetesObject } from '../support/api-server/index.ts';
import { expectedOf } from './expected.ts';

test('services and slices have the names that Kubernetes gives them', () => {
  const named = apiSlice('shop/db', 'db-2', '10.1.0.3');
  const endpoints = (named.endpoints as object[]).map((endpoint) => ({ ...endpoint, hostname: 'db-0' }));
  const external: KubernetesObject = {
    ...{ apiVersion: 'v1', kind: 'Service', metadata: { namespace: 'shop', name: 'out' } },
    spec: { type: 'ExternalName', externalName: 'www.example.org' },
  };
  const objects = [
    apiNamespace('shop'),
    apiService('shop/web', '10.0.0.1'),
    apiService('gone/web', '10.0.0.9'),
    apiSlice('shop/web', 'web-1', '10.1.0.9'),
    apiService('shop/db', 'None'),
    apiSlice('shop/db', 'db-1', '10.1.0.1 !10.1.0.2'),
    { ...named, endpoints },
    external,
  ];
  expect(Object.fromEntries(expectedOf(objects))).toEqual({
    'web.shop.svc.cluster.local. A': ['10.0.0.1'],
    'web.shop.svc.cluster.local. AAAA': [],
    '10-1-0-9.web.shop.svc.cluster.local. A': ['10.1.0.9'],
    '10-1-0-9.web.shop.svc.cluster.local. AAAA': [],
    '_http._tcp.web.shop.svc.cluster.local. SRV': ['80 web.shop.svc.cluster.local.'],
    '1.0.0.10.in-addr.arpa. PTR': ['web.shop.svc.cluster.local.'],
    'db.shop.svc.cluster.local. A': ['10.1.0.1', '10.1.0.3'],
    'db.shop.svc.cluster.local. AAAA': [],
    '10-1-0-1.db.shop.svc.cluster.local. A': ['10.1.0.1'],
    '10-1-0-1.db.shop.svc.cluster.local. AAAA': [],
    'db-0.db.shop.svc.cluster.local. A': ['10.1.0.3'],
    'db-0.db.shop.svc.cluster.local. AAAA': [],
    '_http._tcp.db.shop.svc.cluster.local. SRV': [
      '8080 10-1-0-1.db.shop.svc.cluster.local.',
      '8080 db-0.db.shop.svc.cluster.local.',
    ],
    'out.shop.svc.cluster.local. CNAME': ['www.example.org.'],
  });
});
