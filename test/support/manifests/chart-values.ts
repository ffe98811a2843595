import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { CHART, type Values } from './helm.ts';

const example = (name: string): Values => parse(readFileSync(join(CHART, `examples/${name}.yaml`), 'utf8'));

/** An address of the network of services that the control plane of the tests has. */
const CLUSTER_IP = '10.0.0.10';

export const clusterDns: Values = merged(example('cluster-dns'), { service: { clusterIP: CLUSTER_IP } });
export const replaceCoredns: Values = example('replace-coredns');

/** As users of the chart `coredns` write it: every key is one of that chart. */
const THERE = `
image: { repository: registry.example/cairn-dns, tag: 1.2, pullSecrets: [{ name: registry }] }
replicaCount: 3
rollingUpdate: { maxUnavailable: 1, maxSurge: 25% }
serviceType: ClusterIP
service: { name: dns, clusterIP: 10.0.0.53, annotations: { team: network } }
serviceAccount: { create: true, name: dns }
rbac: { create: true, pspEnable: false }
clusterRole: { nameOverride: dns-reader }
isClusterService: true
k8sAppLabelOverride: kube-dns
priorityClassName: ""
servers:
  - zones: [{ zone: . , use_tcp: true }]
    port: 53
    plugins:
      - { name: errors }
      - { name: health, configBlock: lameduck 10s }
      - { name: ready }
      - name: kubernetes
        parameters: cluster.local in-addr.arpa ip6.arpa
        configBlock: |-
          pods insecure
          fallthrough in-addr.arpa ip6.arpa
          ttl 30
      - { name: prometheus, parameters: "0.0.0.0:9153" }
      - { name: forward, parameters: . /etc/resolv.conf }
      - { name: cache, parameters: 30 }
      - { name: loop }
      - { name: reload }
      - { name: loadbalance }
  - zones: [{ zone: corp.example. , scheme: "dns://" }]
    port: 53
    plugins:
      - { name: errors }
      - { name: cache, parameters: 1000000 }
      - { name: forward, parameters: . 192.0.2.53 }
livenessProbe: { enabled: true, initialDelaySeconds: 60, periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 5, successThreshold: 1 }
readinessProbe: { enabled: true, initialDelaySeconds: 30, periodSeconds: 5, timeoutSeconds: 5, failureThreshold: 1, successThreshold: 1 }
affinity:
  podAntiAffinity:
    requiredDuringSchedulingIgnoredDuringExecution:
      - topologyKey: kubernetes.io/hostname
        labelSelector: { matchLabels: { app.kubernetes.io/instance: "{{ .Release.Name }}" } }
topologySpreadConstraints:
  - maxSkew: 1
    topologyKey: topology.kubernetes.io/zone
    whenUnsatisfiable: ScheduleAnyway
    labelSelector: { matchLabels: { app.kubernetes.io/name: '{{ template "coredns.name" . }}' } }
tolerations: [{ key: node-role.kubernetes.io/control-plane, effect: NoSchedule }]
podDisruptionBudget: { minAvailable: 1 }
podAnnotations: { cluster-autoscaler.kubernetes.io/safe-to-evict: "false" }
podLabels: { tier: infrastructure }
customLabels: { team: network }
customAnnotations: { owner: network@example.com }
env: [{ name: LOCAL, value: "1" }]
extraSecrets: [{ name: upstream-tls, mountPath: /etc/coredns/tls, defaultMode: 256 }]
prometheus: { monitor: { enabled: true, additionalLabels: { release: prometheus }, interval: 30s } }
deployment: { annotations: { note: moved }, dnsPolicy: None, dnsConfig: { nameservers: [192.0.2.53] } }
`;

/** Values for the tests: each is rendered, compared with schemas, given to an API server, and its Corefile started. */
export const cases: Readonly<Record<string, Values>> = {
  defaults: {},
  'the DNS of a cluster': clusterDns,
  'beside the CoreDNS of kubeadm': replaceCoredns,
  'values of the chart coredns': parse(THERE),
  'a Deployment of the chart coredns': {
    fullnameOverride: 'coredns',
    deployment: { selector: { matchLabels: { 'app.kubernetes.io/name': 'coredns', 'k8s-app': 'coredns' } } },
  },
  'another cluster domain': { clusterDomain: 'k8s.example' },
  'not the DNS of the cluster': { isClusterService: false, serviceType: 'LoadBalancer', fullnameOverride: 'names' },
  'two families': {
    service: {
      clusterIPs: ['10.0.0.11', 'fd00:0:0:1::11'],
      ipFamilies: ['IPv4', 'IPv6'],
      ipFamilyPolicy: 'RequireDualStack',
    },
  },
  'ports of nodes and other ports': {
    serviceType: 'NodePort',
    servers: [
      {
        zones: [{ zone: 'a.example', use_tcp: false }, { zone: 'b.example' }],
        port: '1053',
        servicePort: 53,
        nodePort: 30053,
        plugins: [{ name: 'whoami' }, { name: 'health', parameters: ':8090' }, { name: 'ready', parameters: ':8091' }],
      },
    ],
  },
  'encrypted DNS': {
    isClusterService: false,
    extraSecrets: [{ name: 'dns-tls', mountPath: '/etc/coredns/tls', defaultMode: 256 }],
    servers: [
      {
        zones: [{ scheme: 'tls://' }],
        plugins: [
          { name: 'tls', parameters: '/etc/coredns/tls/tls.crt /etc/coredns/tls/tls.key' },
          { name: 'whoami' },
          { name: 'health' },
          { name: 'ready' },
        ],
      },
      {
        zones: [{ scheme: 'https://' }],
        port: 8443,
        hostPort: 443,
        plugins: [{ name: 'tls', parameters: '/etc/coredns/tls/tls.crt /etc/coredns/tls/tls.key' }, { name: 'whoami' }],
      },
    ],
  },
  'a Corefile as text, without reload': {
    corefile:
      '.:1053 {\n  whoami\n  health\n  ready\n  prometheus\n}\ntls://.:8853 {\n  tls /etc/coredns/tls/tls.crt /etc/coredns/tls/tls.key\n  whoami\n}\n',
    ports: [
      { port: 1053, servicePort: 53 },
      { port: 8853, scheme: 'tls://', servicePort: 853 },
    ],
    extraSecrets: [{ name: 'dns-tls', mountPath: '/etc/coredns/tls' }],
    extraConfigMaps: [{ name: 'more', mountPath: '/etc/more' }],
  },
  'zone files, pods and the cluster set': {
    servers: [
      {
        plugins: [
          { name: 'file', parameters: '/etc/coredns/example.db example.org' },
          {
            name: 'kubernetes',
            parameters: 'cluster.local clusterset.local',
            configBlock: 'pods verified\nmulticluster clusterset.local\n',
          },
          { name: 'health', configBlock: 'lameduck 5s' },
          { name: 'ready' },
        ],
      },
    ],
    zoneFiles: [
      {
        filename: 'example.db',
        domain: 'example.org',
        contents:
          '@ 3600 IN SOA ns.example.org. admin.example.org. 1 7200 3600 1209600 3600\n@ IN NS ns.example.org.\n',
      },
    ],
  },
  'names that objects declare': {
    servers: [
      {
        plugins: [
          { name: 'kubernetes', parameters: 'cluster.local', configBlock: 'pods insecure' },
          {
            name: 'k8s_gateway',
            parameters: 'example.com',
            configBlock: 'resources Ingress HTTPRoute Service DNSEndpoint\ninside 10.244.0.0/16',
          },
          { name: 'health', configBlock: 'lameduck 5s' },
          { name: 'ready' },
        ],
      },
    ],
  },
  'without probes and much else': {
    livenessProbe: { enabled: false },
    readinessProbe: { enabled: false },
    podDisruptionBudget: null,
    topologySpreadConstraints: [],
    tolerations: [],
    podSecurityContext: null,
    priorityClassName: 'system-node-critical',
    automountServiceAccountToken: false,
    serviceAccount: { create: false },
    rbac: { create: false },
    corefile: '.:53 {\n  whoami\n}\n',
  },
  'with all that a pod may have': {
    image: { repository: 'registry.example/cairn-dns', digest: `sha256:${'0'.repeat(64)}` },
    env: [{ name: 'CAIRN_UDP', value: 'portable' }],
    envFrom: [{ configMapRef: { name: 'more', optional: true } }],
    extraArgs: ['-workers', '2'],
    initContainers: [{ name: 'before', image: 'busybox:1.37' }],
    extraContainers: [{ name: 'beside', image: 'busybox:1.37' }],
    extraVolumes: [{ name: 'scratch', emptyDir: {} }],
    extraVolumeMounts: [{ name: 'scratch', mountPath: '/scratch' }],
    networkPolicy: { enabled: true, extraEgress: [{ ports: [{ port: 853, protocol: 'TCP' }] }] },
  },
  "the node's network": { hostNetwork: true },
  'a HorizontalPodAutoscaler': { hpa: { enabled: true } },
  'an autoscaler by nodes': { autoscaler: { enabled: true, max: 20 } },
  'only an autoscaler': { deployment: { enabled: false, name: 'coredns' }, hpa: { enabled: true } },
  monitoring: {
    serviceType: 'LoadBalancer',
    resources: { limits: { memory: '256Mi' } },
    prometheus: {
      monitor: { enabled: true, additionalLabels: { release: 'prometheus' }, honorLabels: true },
      rules: { enabled: true, additionalLabels: { release: 'prometheus' }, disabled: ['CairnDown'] },
    },
  },
};

function merged(values: Values, more: Record<string, object>): Values {
  const both = Object.entries(more).map(([key, value]) => [key, { ...(values[key] as object), ...value }]);
  return { ...values, ...Object.fromEntries(both) };
}
