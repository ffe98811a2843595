import { DECLARED_KINDS, type DeclaredKind, type DeclaredKinds } from '../../src/registry/declared-records.ts';
import type { Endpoint, Port } from '../../src/registry/records.ts';
import type { Registry } from '../../src/registry/registry.ts';

/** All that a registry holds, a line for each record, sorted. */
export function printRegistry(registry: Registry): string[] {
  return [
    ...[...registry.namespaces()].map(({ name }) => `namespace ${name}`),
    ...[...registry.services()].map(
      ({ namespace, name, type, headless, clusterIPs, externalName, ports, externalIPs }) =>
        words(
          `service ${namespace}/${name}`,
          ...[type, headless && 'headless', ...clusterIPs, externalName],
          ...[...ports.map(printPort), ...externalIPs.map((ip) => `+${ip}`)],
        ),
    ),
    ...[...registry.slices()].map(({ namespace, name, service, ports, endpoints }) =>
      words(`slice ${namespace}/${name} of ${service}`, ...ports.map(printPort), ...endpoints.map(printEndpoint)),
    ),
    ...[...registry.imports.services()].map(({ namespace, name, headless, clusterIPs, ports }) =>
      words(`import ${namespace}/${name}`, headless && 'headless', ...clusterIPs, ...ports.map(printPort)),
    ),
    ...[...registry.imports.slices()].map(({ namespace, name, service, cluster, ports, endpoints }) =>
      words(
        `imported slice ${namespace}/${name} of ${service} in ${cluster}`,
        ...[...ports.map(printPort), ...endpoints.map(printEndpoint)],
      ),
    ),
    ...[...registry.pods()].map(({ namespace, name, ips, hostNetwork }) =>
      words(`pod ${namespace}/${name}`, ...ips, hostNetwork && 'hostNetwork'),
    ),
    ...DECLARED_KINDS.flatMap((kind) => [...registry.declared.all(kind)].map((record) => printDeclared(kind, record))),
  ].sort();
}

/** Only what is not empty; what a Service declares is not shown here. */
function printDeclared(
  kind: string,
  { name, namespace = '', ...rest }: DeclaredKinds[DeclaredKind] & { namespace?: string },
): string {
  const fields = Object.entries(rest).filter(([key, value]) => key !== 'createdMs' && value !== '');
  return words(
    kind,
    [namespace, name].filter(Boolean).join('/'),
    ...fields.map(([key, value]) => `${key}=${JSON.stringify(value)}`),
  );
}

const words = (...parts: readonly (string | false)[]) => parts.filter(Boolean).join(' ');
const printPort = ({ name, protocol, port }: Port) => `${name}:${protocol}:${port}`;

function printEndpoint({ address, hostname, podName, zone }: Endpoint): string {
  const rest = [hostname && `=${hostname}`, podName && `~${podName}`, zone && `@${zone}`];
  return [address, ...rest].filter(Boolean).join('');
}
