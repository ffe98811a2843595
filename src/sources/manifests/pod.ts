import type { Pod } from '../../registry/records.ts';
import type { Labels } from '../../registry/selector.ts';
import { Field, type PassOver, readEach, refuseAll } from '../objects/field.ts';
import { LABEL, LABEL_RULE, readLabels } from '../objects/metadata.ts';
import { convertPod } from '../objects/pod.ts';
import { readProtocol } from '../objects/ports.ts';

/** The fields of a Pod that a control plane and a kubelet would use. */
export interface PodFields extends PodSpec {
  readonly labels: Labels;
  /** Undefined if the pod has no address. */
  readonly record: Pod | undefined;
  readonly ready: boolean;
  readonly zone: string;
}

/** The fields of the `spec` of a pod or of a pod template. */
export interface PodSpec {
  readonly hostname: string;
  readonly subdomain: string;
  readonly containerPorts: readonly ContainerPort[];
  readonly kubelet: KubeletFields;
}

interface ContainerPort {
  readonly name: string;
  readonly protocol: string;
  readonly port: number;
}

const DNS_POLICIES = ['ClusterFirst', 'ClusterFirstWithHostNet', 'Default', 'None'] as const;

/** The fields of `spec` from which a kubelet makes a pod's resolv.conf, hosts file and environment, with their defaults. */
export interface KubeletFields {
  readonly dnsPolicy: (typeof DNS_POLICIES)[number];
  readonly dnsConfig: DnsConfig;
  readonly hostNetwork: boolean;
  readonly enableServiceLinks: boolean;
  /** Lines of the hosts file. */
  readonly hostAliases: readonly { readonly ip: string; readonly hostnames: readonly string[] }[];
}

/** `spec.dnsConfig`; all empty if not given. */
interface DnsConfig {
  readonly nameservers: readonly string[];
  readonly searches: readonly string[];
  readonly options: readonly { readonly name: string; readonly value?: string }[];
}

/** A kubelet's defaults. */
export const KUBELET_DEFAULTS: KubeletFields = {
  dnsPolicy: 'ClusterFirst',
  dnsConfig: { nameservers: [], searches: [], options: [] },
  hostNetwork: false,
  enableServiceLinks: true,
  hostAliases: [],
};

/** @param passOver is called for invalid addresses, ports and host names. @throws ObjectError */
export function readPod(object: unknown, passOver: PassOver = refuseAll): PodFields {
  const pod = new Field('Pod', object);
  const record = convertPod(object, passOver);
  const labels = readLabels(pod);
  return {
    labels,
    record,
    ready: isReady(pod.get('status')),
    zone: zoneOf(labels),
    ...readPodSpec(pod.get('spec'), passOver),
  };
}

/** @param passOver is called for invalid ports and host names. @throws ObjectError */
export function readPodSpec(spec: Field, passOver: PassOver): PodSpec {
  return {
    hostname: readHostname(spec.get('hostname'), passOver),
    subdomain: spec.get('subdomain').text() ?? '',
    containerPorts: readEach(containersOf(spec).flatMap(portsOf), readContainerPort, passOver),
    kubelet: readKubeletFields(spec),
  };
}

/** The topology zone in a pod's labels, in lower case. */
export function zoneOf(labels: Labels): string {
  return (labels['topology.kubernetes.io/zone'] ?? '').toLowerCase();
}

/**
 * Whether the condition Ready is true. A kubelet always sets conditions. A pod written by hand may have an address and no conditions: it counts as
 * ready, unless its phase says that it does not run.
 */
function isReady(status: Field): boolean {
  const conditions = status.get('conditions').items();
  if (conditions.length === 0) return (status.get('phase').text() ?? 'Running') === 'Running';
  return conditions.some(
    (condition) => condition.get('type').value === 'Ready' && condition.get('status').value === 'True',
  );
}

/** Sidecars, which are init containers that stay, have ports as well. */
function containersOf(spec: Field): Field[] {
  const sidecars = spec
    .get('initContainers')
    .items()
    .filter((container) => container.get('restartPolicy').value === 'Always');
  return [...spec.get('containers').items(), ...sidecars];
}

function portsOf(container: Field): Field[] {
  return container.get('ports').items();
}

function readHostname(field: Field, passOver: PassOver): string {
  return (field.value ? readEach([field], (name) => name.matching(LABEL, LABEL_RULE), passOver)[0] : undefined) ?? '';
}

function readContainerPort(port: Field): ContainerPort {
  return { name: port.get('name').text() ?? '', protocol: readProtocol(port), port: port.get('containerPort').port() };
}

function readKubeletFields(spec: Field): KubeletFields {
  const fields = {
    dnsPolicy: spec.get('dnsPolicy').oneOf(DNS_POLICIES) ?? KUBELET_DEFAULTS.dnsPolicy,
    dnsConfig: spec.get('dnsConfig').present ? readDnsConfig(spec.get('dnsConfig')) : KUBELET_DEFAULTS.dnsConfig,
    hostNetwork: spec.get('hostNetwork').flag() ?? KUBELET_DEFAULTS.hostNetwork,
    enableServiceLinks: spec.get('enableServiceLinks').flag() ?? KUBELET_DEFAULTS.enableServiceLinks,
    hostAliases: spec.get('hostAliases').present ? readHostAliases(spec) : KUBELET_DEFAULTS.hostAliases,
  };
  // Most pods have only defaults, so they share one object.
  const isDefault = (Object.keys(fields) as (keyof KubeletFields)[]).every(
    (key) => fields[key] === KUBELET_DEFAULTS[key],
  );
  return isDefault ? KUBELET_DEFAULTS : fields;
}

function readDnsConfig(config: Field): DnsConfig {
  return {
    nameservers: config
      .get('nameservers')
      .items()
      .map((item) => item.ip()),
    searches: config.get('searches').items().map(readText),
    options: config
      .get('options')
      .items()
      .map((option) => {
        const value = option.get('value').text();
        return { name: readText(option.get('name')), ...(value !== undefined && { value }) };
      }),
  };
}

function readHostAliases(spec: Field): KubeletFields['hostAliases'] {
  return spec
    .get('hostAliases')
    .items()
    .map((alias) => ({ ip: alias.get('ip').ip(), hostnames: alias.get('hostnames').items().map(readText) }));
}

function readText(field: Field): string {
  return field.text() ?? field.wrong('text');
}
