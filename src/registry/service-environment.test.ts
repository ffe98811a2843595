import { expect, test } from 'vitest';
import { testCluster } from '../../test/support/cluster.ts';
import { type EnvironmentOptions, serviceEnvironment } from './service-environment.ts';

const CLUSTER = `
service shop/web-front 10.96.0.20 http:tcp:80 admin-ui:tcp:8080
service shop/dns 10.96.0.30 :udp:53
service shop/bare 10.96.0.40
service shop/six fd00::5 :tcp:443
service shop/pending ,
headless shop/db
external shop/mail mail.example.com
service other/api 10.96.0.50 :tcp:80
service default/kubernetes 10.96.0.1 https:tcp:443
service default/else 10.96.0.60 :tcp:80
`;

function environment(options: EnvironmentOptions, cluster = CLUSTER): string[] {
  const services = [...testCluster(cluster).services()].map((service) => ({
    ...service,
    clusterIPs: service.clusterIPs.filter(Boolean),
  }));
  return Object.entries(serviceEnvironment(services, options)).map(([name, value]) => `${name}=${value}`);
}

const KUBERNETES = [
  'KUBERNETES_SERVICE_HOST=10.96.0.1',
  'KUBERNETES_SERVICE_PORT=443',
  'KUBERNETES_SERVICE_PORT_HTTPS=443',
  'KUBERNETES_PORT=tcp://10.96.0.1:443',
  'KUBERNETES_PORT_443_TCP=tcp://10.96.0.1:443',
  'KUBERNETES_PORT_443_TCP_PROTO=tcp',
  'KUBERNETES_PORT_443_TCP_PORT=443',
  'KUBERNETES_PORT_443_TCP_ADDR=10.96.0.1',
];

test('the services of the namespace that have a cluster IP, and the API server', () => {
  expect(environment({ namespace: 'shop' })).toEqual([
    'BARE_SERVICE_HOST=10.96.0.40',
    'DNS_SERVICE_HOST=10.96.0.30',
    'DNS_SERVICE_PORT=53',
    'DNS_PORT=udp://10.96.0.30:53',
    'DNS_PORT_53_UDP=udp://10.96.0.30:53',
    'DNS_PORT_53_UDP_PROTO=udp',
    'DNS_PORT_53_UDP_PORT=53',
    'DNS_PORT_53_UDP_ADDR=10.96.0.30',
    ...KUBERNETES,
    'SIX_SERVICE_HOST=fd00::5',
    'SIX_SERVICE_PORT=443',
    'SIX_PORT=tcp://[fd00::5]:443',
    'SIX_PORT_443_TCP=tcp://[fd00::5]:443',
    'SIX_PORT_443_TCP_PROTO=tcp',
    'SIX_PORT_443_TCP_PORT=443',
    'SIX_PORT_443_TCP_ADDR=fd00::5',
    'WEB_FRONT_SERVICE_HOST=10.96.0.20',
    'WEB_FRONT_SERVICE_PORT=80',
    'WEB_FRONT_SERVICE_PORT_HTTP=80',
    'WEB_FRONT_SERVICE_PORT_ADMIN_UI=8080',
    'WEB_FRONT_PORT=tcp://10.96.0.20:80',
    'WEB_FRONT_PORT_80_TCP=tcp://10.96.0.20:80',
    'WEB_FRONT_PORT_80_TCP_PROTO=tcp',
    'WEB_FRONT_PORT_80_TCP_PORT=80',
    'WEB_FRONT_PORT_80_TCP_ADDR=10.96.0.20',
    'WEB_FRONT_PORT_8080_TCP=tcp://10.96.0.20:8080',
    'WEB_FRONT_PORT_8080_TCP_PROTO=tcp',
    'WEB_FRONT_PORT_8080_TCP_PORT=8080',
    'WEB_FRONT_PORT_8080_TCP_ADDR=10.96.0.20',
  ]);
});

test('without service links only the API server is left', () => {
  expect(environment({ namespace: 'shop', enableServiceLinks: false })).toEqual(KUBERNETES);
});

const OWN = 'service own/kubernetes 10.96.0.70\n';

test.each([OWN + CLUSTER, CLUSTER + OWN])('a namespace may have a service called kubernetes of its own', (cluster) => {
  expect(environment({ namespace: 'own' }, cluster)).toEqual(['KUBERNETES_SERVICE_HOST=10.96.0.70']);
});
