import { globSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { chartFile, chartFiles } from '../scripts/chart.ts';
import type { Configuration } from '../src/server/configuration/configuration.ts';
import { certificate } from './support/certificate.ts';
import { folderWith } from './support/folder.ts';
import { cases, clusterDns, replaceCoredns } from './support/manifests/chart-values.ts';
import { CHART, hasHelm, helm, template, type Values } from './support/manifests/helm.ts';
import { findKustomize, type Labels, type Manifest } from './support/manifests/kustomize.ts';
import { granted, load, optionsOf, watchedBy } from './support/manifests/rights.ts';
import { schemaProblems } from './support/manifests/schema.ts';
import { startServer } from './support/server.ts';
import { run } from './support/tools.ts';

const DEPLOY = resolve(import.meta.dirname, '../deploy');
const kustomize = findKustomize();

const nameOf = ({ kind, metadata }: Manifest) => `${kind} ${metadata.name}`;
const one = (objects: readonly Manifest[], kind: string): Manifest | undefined =>
  objects.find((object) => object.kind === kind);
const isIn = (part: Labels, whole: Labels) => Object.entries(part).every(([key, value]) => whole[key] === value);

test.each(Object.entries(chartFiles()))(
  '%s of the chart says what the repository says; `npm run docs` writes it',
  (path, text) => {
    expect(chartFile(path)).toBe(text);
  },
);

test('every value is in the schema, and every key of the schema is a value or has one that replaces it', () => {
  const schema = JSON.parse(chartFile('values.schema.json'));
  const values = parse(chartFile('values.yaml'));
  const own = Object.entries<{ $ref?: string }>(schema.properties).filter(
    ([, { $ref }]) => !$ref?.endsWith('/elsewhere'),
  );
  expect(own.map(([key]) => key).toSorted()).toEqual([...Object.keys(values), 'global'].toSorted());
});

test('every value that the README maps from the chart coredns is one here', () => {
  const { properties, $defs } = JSON.parse(chartFile('values.schema.json'));
  const rows = [...chartFile('README.md').matchAll(/^\| (`.*?`) \| (the same|not needed) \|/gm)];
  const paths = rows.flatMap(([, names]) => [...names!.matchAll(/`([\w.*]+)`/g)].map(([, path]) => path!));
  expect(paths.length).toBeGreaterThan(50);
  for (const path of paths) {
    let schema = { properties };
    for (const key of path.replace(/\.\*$/, '').split('.')) {
      expect(Object.keys(schema.properties ?? {}), path).toContain(key);
      const { $ref, ...rest } = schema.properties[key];
      schema = $ref ? $defs[$ref.split('/').at(-1)] : rest;
    }
  }
});

/** The plurals of all kinds that `k8s_gateway` may need rights on, beside those of `kubernetes`. */
const ALL_DECLARED = ['nodes', 'ingresses', 'gateways', 'httproutes', 'tlsroutes', 'grpcroutes', 'dnsendpoints'];

/** A Corefile that starts on any machine: free ports, no cluster, no other server, and files of a folder. */
function elsewhere(corefile: string, folder: string): string {
  return corefile
    .replaceAll('/etc/resolv.conf', '127.0.0.1:9')
    .replaceAll('/etc/coredns', folder)
    .replaceAll(/lameduck \S+/g, 'lameduck 1ms')
    .replaceAll(/^( *kubernetes .*?)(\{|$)/gm, '$1{\n endpoint http://127.0.0.1:9\n startup_timeout 1ms')
    .replaceAll(/^( *(?:health|ready|prometheus))[^{\n]*/gm, '$1 127.0.0.1:0 ')
    .replaceAll(/^\S.* \{$/gm, (keys) => `${keys.replaceAll(/:\d+/g, '')}\n bind 127.0.0.1`);
}

describe.runIf(hasHelm())('rendered by Helm', () => {
  const rendered = new Map<string, readonly Manifest[]>();
  const names = Object.keys(cases);
  const objectsOf = (name: string) => rendered.get(name)!;
  const deploymentOf = (name: string) =>
    objectsOf(name).find(({ kind, metadata }) => kind === 'Deployment' && !metadata.name.endsWith('autoscaler'));
  const corefileOf = (name: string): string | undefined =>
    objectsOf(name).find(({ kind, data }) => kind === 'ConfigMap' && data.Corefile)?.data.Corefile;
  const withCorefile = (work: (corefile: string, configuration: Configuration, name: string) => void) => {
    for (const name of names) if (corefileOf(name)) work(corefileOf(name)!, load(corefileOf(name)!), name);
  };

  beforeAll(async () => {
    for (const [name, values] of Object.entries(cases)) rendered.set(name, await template(values));
  });

  test.each(names)('%s: Helm has nothing against it', async (name) => {
    const { code, stdout, stderr } = await helm(['lint', '--strict'], cases[name]!);
    expect(`${stdout}${stderr}`).not.toMatch(/WARNING|ERROR/);
    expect(code).toBe(0);
  });

  test.each(names)('%s: all fields are known, and all in their types', async (name) => {
    expect((await Promise.all(objectsOf(name).map(schemaProblems))).flat()).toEqual([]);
  });

  test.each(names)('%s: what is referred to is there, and what selects pods selects those of the release', (name) => {
    const objects = objectsOf(name);
    expect(new Set(objects.map(nameOf)).size).toBe(objects.length);
    const deployment = deploymentOf(name);
    if (!deployment) return;
    const { metadata, spec } = deployment.spec.template;
    for (const {
      kind,
      metadata: { name: its },
      spec,
    } of objects) {
      if (
        !['Deployment', 'Service', 'PodDisruptionBudget', 'NetworkPolicy'].includes(kind) ||
        its.endsWith('autoscaler')
      )
        continue;
      const selector = spec.podSelector ?? spec.selector;
      expect([kind, isIn(selector.matchLabels ?? selector, metadata.labels)]).toEqual([kind, true]);
    }
    for (const { labelSelector } of spec.topologySpreadConstraints ?? [])
      if (labelSelector.matchLabels['app.kubernetes.io/instance'])
        expect(isIn(labelSelector.matchLabels, metadata.labels)).toBe(true);
    const all = objects.map(nameOf);
    const values = cases[name] as { deployment?: Labels; serviceAccount?: { create?: boolean } };
    if (!values.deployment?.existingConfigMap) expect(all).toContain(`ConfigMap ${spec.volumes[0].configMap.name}`);
    if (values.serviceAccount?.create !== false) expect(all).toContain(`ServiceAccount ${spec.serviceAccountName}`);
    const container = spec.containers[0];
    const ports = container.ports.map((port: Labels) => port.name);
    const numbers = container.ports.map(({ containerPort }: { containerPort: number }) => containerPort);
    expect(new Set(ports).size).toBe(ports.length);
    for (const { kind, spec } of objects)
      if (kind === 'Service')
        for (const { targetPort } of spec.ports) expect([...ports, ...numbers]).toContain(targetPort);
    for (const probe of ['livenessProbe', 'readinessProbe'])
      if (container[probe]) expect(ports).toContain(container[probe].httpGet.port);
    const volumes = spec.volumes.map((volume: Labels) => volume.name);
    expect(volumes).toEqual(expect.arrayContaining(container.volumeMounts.map((mount: Labels) => mount.name)));
  });

  test('what a pod needs is made before it', () => {
    for (const name of names) {
      const kinds = objectsOf(name).map(({ kind }) => kind);
      const first = kinds.indexOf('Deployment');
      for (const kind of [
        'ServiceAccount',
        'ConfigMap',
        'ClusterRole',
        'ClusterRoleBinding',
        'Service',
        'PodDisruptionBudget',
      ])
        if (first >= 0) expect(kinds.lastIndexOf(kind)).toBeLessThan(first);
    }
  });

  test('no value but the one for it changes the selector of a Deployment', () => {
    const selectors = names
      .filter((name) => !(cases[name] as { deployment?: { selector?: object } }).deployment?.selector)
      .flatMap((name) => deploymentOf(name)?.spec.selector ?? []);
    for (const selector of selectors)
      expect(selector).toEqual({
        matchLabels: { 'app.kubernetes.io/name': 'cairn', 'app.kubernetes.io/instance': 'cairn' },
      });
  });

  test('Corefiles are valid, their ports are those of the container, and their rights those that they need', () => {
    withCorefile((_, configuration, name) => {
      expect([name, configuration.warnings.filter(({ message }) => !/lameduck/.test(message))]).toEqual([name, []]);
      const { containers } = deploymentOf(name)!.spec.template.spec;
      const open = containers[0].ports.map(({ containerPort }: { containerPort: number }) => containerPort);
      for (const { keys } of configuration.blocks) for (const { port } of keys) expect(open, name).toContain(port);
      for (const page of ['health', 'ready'])
        for (const { address } of optionsOf<{ address: string }>(configuration, page))
          expect(open, name).toContain(Number(/\d+$/.exec(address)![0]));
      const role = objectsOf(name).find(({ kind, rules }) => kind === 'ClusterRole' && !granted(rules).has('/nodes'));
      const { rbac } = cases[name] as { rbac?: { create: boolean } };
      const isNeeded = rbac?.create !== false && optionsOf(configuration, 'kubernetes').length > 0;
      expect([name, role && granted(role.rules)]).toEqual([name, isNeeded ? watchedBy(configuration) : undefined]);
    });
  });

  test.each(names)('%s: the server starts with its Corefile', async (name) => {
    const corefile = corefileOf(name);
    if (corefile === undefined) return;
    const { Corefile: _, ...files } = one(objectsOf(name), 'ConfigMap')!.data as Record<string, string>;
    const folder = folderWith({ ...files, 'tls/tls.crt': `${certificate.cert}`, 'tls/tls.key': `${certificate.key}` });
    const { server } = await startServer(elsewhere(corefile, folder));
    expect(server.listening.length).toBeGreaterThan(0);
  });

  test('a checksum starts new pods if the Corefile has no reload, and only then', () => {
    withCorefile((_, configuration, name) => {
      const annotations = deploymentOf(name)!.spec.template.metadata.annotations ?? {};
      expect([name, 'checksum/config' in annotations]).toEqual([name, optionsOf(configuration, 'reload').length === 0]);
    });
  });

  test('values of the chart coredns have the same effect', () => {
    const name = 'values of the chart coredns';
    const { metadata, spec } = deploymentOf(name)!;
    expect(corefileOf(name)).toBe(`.:53 {
    errors
    health {
        lameduck 10s
    }
    ready
    kubernetes cluster.local in-addr.arpa ip6.arpa {
        pods insecure
        fallthrough in-addr.arpa ip6.arpa
        ttl 30
    }
    prometheus 0.0.0.0:9153
    forward . /etc/resolv.conf
    cache 30
    loop
    reload
    loadbalance
}
dns://corp.example.:53 {
    errors
    cache 1000000
    forward . 192.0.2.53
}
`);
    expect(metadata.labels).toMatchObject({ team: 'network', 'k8s-app': 'kube-dns' });
    expect(metadata).toMatchObject({ annotations: { note: 'moved', owner: 'network@example.com' } });
    expect(spec.replicas).toBe(3);
    expect(spec.template.metadata.labels).toMatchObject({
      tier: 'infrastructure',
      team: 'network',
      'k8s-app': 'kube-dns',
    });
    const pod = spec.template.spec;
    expect(pod).toMatchObject({
      serviceAccountName: 'dns',
      imagePullSecrets: [{ name: 'registry' }],
      dnsPolicy: 'None',
      dnsConfig: { nameservers: ['192.0.2.53'] },
      securityContext: { runAsUser: 65532, fsGroup: 65532 },
    });
    expect(pod.topologySpreadConstraints[0].labelSelector.matchLabels).toEqual({ 'app.kubernetes.io/name': 'cairn' });
    expect(pod.containers[0].image).toBe('registry.example/cairn-dns:1.2');
    expect(one(objectsOf(name), 'PodDisruptionBudget')!.spec).not.toHaveProperty('maxUnavailable');
    expect(one(objectsOf(name), 'ClusterRole')!.metadata.name).toBe('dns-reader');
    expect(one(objectsOf(name), 'Service')).toMatchObject({
      metadata: { name: 'dns' },
      spec: { clusterIP: '10.0.0.53' },
    });
  });

  test.each<[string, string[], object?]>([
    ['', []],
    ['k8s_gateway example.com', ['ingresses']],
    ['k8s_gateway example.com {\n resources Service\n }', []],
    ['k8s_gateway example.com {\n resources HTTPRoute GRPCRoute\n }', ['gateways', 'httproutes', 'grpcroutes']],
    ['k8s_gateway a.test {\n resources Node\n }\n k8s_gateway b.test', ['nodes', 'ingresses']],
    ['k8s_gateway a.test {\n resources DNSEndpoint Ingress\n }', ['ingresses', 'dnsendpoints']],
    ['# k8s_gateway example.com', []],
    ['kubernetes in-addr.arpa {\n guard\n }', ['nodes', 'servicecidrs']],
    ['kubernetes in-addr.arpa { guard }\n k8s_gateway a.test', ['nodes', 'servicecidrs', 'ingresses']],
    ['kubernetes in-addr.arpa {\n guard networks 10.0.0.0/8\n }', []],
    ['import more\n', ['nodes', 'servicecidrs'], { guardEnable: true }],
    ['import more\n', [...ALL_DECLARED], { gatewayEnable: true }],
  ])('with %j in the Corefile, the rights are also those on %j', async (lines, expected, rbac = {}) => {
    const corefile = `.:53 {\n health\n ready\n kubernetes cluster.local\n ${lines}\n}\n`;
    const objects = await template({ ...clusterDns, corefile, rbac });
    const rights = [...granted(one(objects, 'ClusterRole')!.rules)].map((right) => right.split('/')[1]!);
    const others = ['namespaces', 'services', 'endpointslices'];
    expect(rights.filter((right) => !others.includes(right)).toSorted()).toEqual(expected.toSorted());
  });

  test('ports have the names and numbers that the values give', () => {
    const shown = (name: string) =>
      one(objectsOf(name), 'Service')!.spec.ports.map(
        ({ name, port, protocol, nodePort }: Labels) => `${name} ${port}/${protocol}${nodePort ? ` ${nodePort}` : ''}`,
      );
    expect(shown('ports of nodes and other ports')).toEqual(['dns-1053 53/UDP 30053', 'dns-tcp-1053 53/TCP 30053']);
    expect(shown('encrypted DNS')).toEqual(['dns-tls 853/TCP', 'dns-https-8443 8443/TCP']);
    expect(shown('a Corefile as text, without reload')).toEqual([
      'dns-1053 53/UDP',
      'dns-tcp-1053 53/TCP',
      'dns-tls-8853 853/TCP',
    ]);
    expect(deploymentOf('encrypted DNS')!.spec.template.spec.containers[0].ports[1]).toEqual({
      ...{ name: 'dns-https-8443', containerPort: 8443, protocol: 'TCP', hostPort: 443 },
    });
  });

  test("in the node's network the server may bind port 53", () => {
    const pod = deploymentOf("the node's network")!.spec.template.spec;
    expect(pod).toMatchObject({
      hostNetwork: true,
      containers: [{ securityContext: { runAsUser: 0, runAsNonRoot: false } }],
    });
    expect(pod.securityContext).not.toHaveProperty('sysctls');
  });

  test('the ServiceMonitor selects the one Service that has the port of metrics', () => {
    for (const name of ['monitoring', 'values of the chart coredns']) {
      const { spec } = one(objectsOf(name), 'ServiceMonitor')!;
      const selected = objectsOf(name).filter(
        ({ kind, metadata }) => kind === 'Service' && isIn(spec.selector.matchLabels, metadata.labels!),
      );
      expect(selected).toHaveLength(1);
      expect(selected[0]!.spec.ports.map((port: Labels) => port.name)).toContain(spec.endpoints[0].port);
      expect(selected[0]!.metadata.labels).toHaveProperty([spec.jobLabel]);
    }
  });

  test('the alerts are those of deploy/monitoring, for the job and the limit of the release, without the disabled ones', () => {
    const { spec } = one(objectsOf('monitoring'), 'PrometheusRule')!;
    const text = readFileSync(join(DEPLOY, 'monitoring/prometheusrule.yaml'), 'utf8')
      .replaceAll('job="kube-dns"', 'job="cairn"')
      .replace('/ 178257920', `/ ${256 * 2 ** 20}`);
    const expected = parse(text).spec;
    for (const group of expected.groups) group.rules = group.rules.filter(({ alert }: Labels) => alert !== 'CairnDown');
    expect(spec).toEqual(expected);
    expect(one(objectsOf('monitoring'), 'ServiceMonitor')!.spec.jobLabel).toBe('k8s-app');
    expect(one(objectsOf('monitoring'), 'Service')!.metadata.labels).toHaveProperty('k8s-app', 'cairn');
  });

  test.each<[Values, RegExp]>([
    [{ replicaCuont: 2 }, /'replicaCuont' not allowed/],
    [{ autoscaler: { minimum: 2 } }, /'\/autoscaler': additional properties 'minimum' not allowed/],
    [
      { servers: [{ plugins: [{ name: 'errors', parameter: 'x' }] }] },
      /'\/servers\/0\/plugins\/0': additional properties 'parameter'/,
    ],
    [{ servers: [{ plugins: [{ name: 'etcd' }] }] }, /servers\[0\]\.plugins: Cairn has no plugin etcd/],
    [{ serviceType: 'ClusterIp' }, /\/serviceType/],
    [{ image: { digest: 'abc' } }, /\/image\/digest/],
    [{ livenessProbe: null }, /missing property 'livenessProbe'/],
    [{ replicas: 2 }, /replicas: the name of this value is replicaCount/],
    [{ service: { type: 'NodePort' } }, /service\.type: the name of this value is serviceType/],
    [{ dnsConfig: {} }, /deployment\.dnsConfig/],
    [{ serviceMonitor: { enabled: true } }, /prometheus\.monitor/],
    [{ rbac: { pspEnable: true } }, /no PodSecurityPolicy/],
    [{ image: { repository: 'registry.k8s.io/coredns/coredns' } }, /is the image of CoreDNS/],
    [{ corefile: '. {\n}', servers: [{ plugins: [] }] }, /corefile and servers/],
    [{ deployment: { existingConfigMap: 'mine' }, corefile: '. {\n}' }, /corefile: the ConfigMap is yours/],
    [
      { deployment: { skipConfig: true }, zoneFiles: [{ filename: 'a', contents: '' }] },
      /zoneFiles: the ConfigMap is yours/,
    ],
    [{ servers: [{ plugins: [] }], ports: [{ port: 53 }] }, /ports: the ports are those of servers/],
    [{ extraConfig: { import: { parameters: 'x' } } }, /extraConfig: it goes with servers/],
    [{ hpa: { enabled: true }, autoscaler: { enabled: true } }, /both set the number of pods/],
    [{ deployment: { dnsPolicy: 'None' } }, /deployment\.dnsConfig: dnsPolicy None/],
    [{ service: { clusterIP: '10.0.0.1', clusterIPs: ['10.0.0.2'] } }, /service\.clusterIP: it must be 10\.0\.0\.2/],
    [{ deployment: { selector: { matchExpressions: [] } } }, /deployment\.selector: it needs matchLabels/],
    [{ corefile: '.:53 {\n  ready\n  # health\n}' }, /livenessProbe: the Corefile has no `health`/],
    [{ corefile: '.:53 {\n  health\n}' }, /readinessProbe: the Corefile has no `ready`/],
    [{ corefile: '.:53 {\n  health localhost:8080\n  ready\n}' }, /health: the kubelet cannot reach/],
    [
      { corefile: '.:53 {\n  health\n  ready\n  prometheus\n}', prometheus: { monitor: { enabled: true } } },
      /no `prometheus` that pods can read/,
    ],
    [
      { corefile: '.:53 {\n  health {\n    lameduck 1m }\n  ready\n}' },
      /30 seconds end before the lameduck time of 60 seconds/,
    ],
    [{ terminationGracePeriodSeconds: 5 }, /5 seconds end before the lameduck time of 5 seconds/],
    [
      { prometheus: { rules: { enabled: true, disabled: ['CairnUp'] } } },
      /there is no alert CairnUp; there are CairnAbsent, /,
    ],
    [{ servers: [{ zones: [{ scheme: 'grpc://' }], plugins: [] }] }, /\/servers\/0\/zones\/0\/scheme/],
  ])('%j is an error that says what is wrong', async (values, message) => {
    const { code, stderr } = await helm(['template', 'cairn'], values);
    expect(code).not.toBe(0);
    expect(stderr).toMatch(message);
  });

  test.each<Values>([
    { env: [{ name: 'CAIRN_PLUGINS', value: '@acme/cairn-geoip' }] },
    { extraArgs: ['-plugin', '@acme/cairn-geoip'] },
  ])('with %j there may be plugins that the chart does not know', async (values) => {
    const plugins = ['health', 'ready', 'geoip'].map((name) => ({ name }));
    expect((await template({ ...values, servers: [{ plugins }] })).length).toBeGreaterThan(0);
  });

  test.each(['  .:53 {\n\twhoami\n  }\n', '\n# comment: |\n.:53 {\n}\n\n', '. {\n}'])(
    'the Corefile %j is that of the ConfigMap',
    async (corefile) => {
      const off = { enabled: false };
      const objects = await template({ corefile, livenessProbe: off, readinessProbe: off });
      expect(one(objects, 'ConfigMap')!.data).toEqual({ Corefile: corefile.replace(/\n+$/, '\n') });
    },
  );

  test.each(['500ms', '29s', '5s # lameduck 60s'])('a lameduck time of %s fits into half a minute', async (time) => {
    const corefile = `.:53 {\n  health {\n    lameduck ${time}\n  }\n  ready\n}`;
    expect((await template({ corefile })).length).toBeGreaterThan(0);
  });

  test.each<[Values, RegExp]>([
    [{}, /no public image(.|\n)*rollout status deployment\/cairn(.|\n)*install with service\.clusterIP/],
    [
      { ...clusterDns, image: { repository: 'r.example/cairn', digest: `sha256:${'a'.repeat(64)}` } },
      /--image=r\.example\/cairn@sha256:a{64} --/,
    ],
    [clusterDns, /-- lookup kubernetes\.default\.svc\.cluster\.local --server 10\.0\.0\.10:53/],
    [replaceCoredns, /There is no Service(.|\n)*k8s-app: kube-dns(.|\n)*configmap coredns/],
    [{ serviceType: 'LoadBalancer', isClusterService: false }, /address of the load balancer/],
    [{ serviceType: 'NodePort' }, /Ask any node(.|\n)*dig @NODE -p PORT kubernetes\.default\.svc\.cluster\.local\n/],
    [
      { serviceType: 'NodePort', corefile: '.:53 {\n  health\n  ready\n  whoami\n}' },
      /Wait until the pods are ready:(.|\n)*dig @NODE -p PORT NAME\n/,
    ],
    [{ corefile: '.:53 {\n  health\n  ready\n}' }, /no `reload`, so a changed one starts new pods/],
    [
      { zoneFiles: [{ filename: 'a.db', domain: 'a.example', contents: '' }] },
      /WARNING: (.|\n)*file \/etc\/coredns\/a\.db a\.example/,
    ],
    [{ deployment: { enabled: false, name: 'coredns' }, hpa: { enabled: true } }, /made no server(.|\n)*of coredns/],
    [{ prometheus: { rules: { enabled: true } } }, /the job "cairn"/],
  ])('the notes for %j say what to do', async (values, notes) => {
    const { stdout } = await helm(['install', 'cairn'], values, ['-n', 'kube-system', '--dry-run=client']);
    expect(stdout.split('NOTES:')[1]).toMatch(notes);
  });

  test('the package has all files of the chart', async () => {
    const folder = folderWith({});
    const { code } = await run('helm', ['package', CHART, '-d', folder]);
    expect(code).toBe(0);
    const [archive] = globSync('*.tgz', { cwd: folder });
    const { version } = JSON.parse(readFileSync(resolve(DEPLOY, '../package.json'), 'utf8'));
    expect(archive).toBe(`cairn-${version}.tgz`);
    const { stdout } = await run('tar', ['-tzf', join(folder, archive!)]);
    const packed = stdout.trim().split('\n').toSorted();
    const files = globSync('**/*.*', { cwd: CHART, withFileTypes: true }).filter((file) => file.isFile());
    const paths = files.map((file) => `cairn/${join(file.parentPath, file.name).slice(CHART.length + 1)}`);
    expect(packed).toEqual([...paths, 'cairn/.helmignore', 'cairn/files/Corefile', 'cairn/files/plugins'].toSorted());
  });

  describe.runIf(kustomize)('compared with kustomize', () => {
    /** Labels of Helm are no difference, nor are the labels by which the pods of the release are selected. */
    function comparable(objects: readonly Manifest[]): Record<string, unknown> {
      const pods = objects.find(({ kind }) => kind === 'Deployment')!.spec.template.metadata.labels;
      const plain = (value: unknown): unknown => {
        if (Array.isArray(value)) return value.map(plain);
        if (typeof value !== 'object' || value === null) return value;
        const entries = Object.entries(value).filter(([key]) => !/^(app\.kubernetes\.io|helm\.sh)\//.test(key));
        return Object.fromEntries(
          entries.map(([key, part]) => {
            const isSelector = ['selector', 'podSelector', 'labelSelector'].includes(key);
            return [key, isSelector && isIn(part.matchLabels ?? part, pods) ? 'the pods' : plain(part)];
          }),
        );
      };
      return Object.fromEntries(objects.map((object) => [nameOf(object), plain(object)]));
    }

    /** The chart labels every object, the manifests only some. */
    const withoutLabels = (objects: Record<string, unknown>) =>
      Object.entries(objects as Record<string, Manifest>).map(([name, { metadata, ...object }]) => {
        const { labels: _, ...others } = metadata;
        return [name, { ...object, metadata: others }];
      });

    test('as the DNS of a cluster the chart makes the objects of deploy/base', async () => {
      const values = { ...clusterDns, service: { ...(clusterDns.service as object), clusterIP: '10.96.0.10' } };
      const [ours, theirs] = [comparable(await template(values)), comparable(await kustomize!(join(DEPLOY, 'base')))];
      // The chart writes a default of Kubernetes, and numbers in place of names.
      const { spec } = theirs['Service kube-dns'] as Manifest;
      spec.type = 'ClusterIP';
      for (const port of spec.ports) port.targetPort = port.port;
      expect(Object.fromEntries(withoutLabels(ours))).toEqual(Object.fromEntries(withoutLabels(theirs)));
      const labels = ({ 'Service kube-dns': service }: typeof ours) => (service as Manifest).metadata.labels;
      expect(labels(ours)).toEqual(labels(theirs));
    });

    test("beside kubeadm's CoreDNS the chart makes the pods of deploy/replace-coredns in a Deployment of its own, and nothing of CoreDNS", async () => {
      const objects = await template(replaceCoredns);
      expect(objects.map(nameOf).toSorted()).toEqual(['Deployment cairn', 'PodDisruptionBudget cairn']);
      const ours = comparable(objects)['Deployment cairn'] as Manifest;
      const theirs = comparable(await kustomize!(join(DEPLOY, 'replace-coredns')))['Deployment coredns'] as Manifest;
      const named = structuredClone(theirs);
      Object.assign(named.metadata, { name: 'cairn' });
      named.spec.template.spec.containers[0].name = 'cairn';
      expect(ours).toEqual(named);
    });

    test('with a HorizontalPodAutoscaler it is that of deploy/autoscaler', async () => {
      const ours = comparable(await template({ ...clusterDns, hpa: { enabled: true } }));
      const theirs = comparable(await kustomize!(join(DEPLOY, 'autoscaler')));
      expect((ours['HorizontalPodAutoscaler cairn'] as Manifest).spec).toEqual(
        (theirs['HorizontalPodAutoscaler cairn'] as Manifest).spec,
      );
      expect((ours['Deployment cairn'] as Manifest).spec).not.toHaveProperty('replicas');
    });
  });
});
