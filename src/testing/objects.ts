import type { OtherKind } from '../sources/objects/kinds.ts';
import type { BalancedStatus, DeclaringObject } from './declared-objects.ts';
import type { ObjectMeta, Rest } from './object-meta.ts';

type Protocol = 'TCP' | 'UDP' | 'SCTP';

export interface ServiceObject extends Rest {
  readonly kind: 'Service';
  readonly apiVersion?: 'v1';
  readonly metadata: ObjectMeta;
  readonly spec?: {
    readonly type?: 'ClusterIP' | 'NodePort' | 'LoadBalancer' | 'ExternalName';
    /** `None` makes the service headless; without it, an address is chosen. */
    readonly clusterIP?: string;
    readonly clusterIPs?: readonly string[];
    /** The labels of the pods that are its endpoints. */
    readonly selector?: Readonly<Record<string, string>>;
    readonly ports?: readonly {
      readonly name?: string;
      readonly port: number;
      readonly protocol?: Protocol;
      readonly targetPort?: number | string;
      readonly [field: string]: unknown;
    }[];
    readonly externalName?: string;
    readonly externalIPs?: readonly string[];
    readonly publishNotReadyAddresses?: boolean;
    readonly ipFamilies?: readonly ('IPv4' | 'IPv6')[];
    readonly ipFamilyPolicy?: 'SingleStack' | 'PreferDualStack' | 'RequireDualStack';
    readonly [field: string]: unknown;
  };
  readonly status?: BalancedStatus;
}

interface PodSpec extends Rest {
  /** With `subdomain`, the pod's name below the headless service of that name. */
  readonly hostname?: string;
  readonly subdomain?: string;
  readonly hostNetwork?: boolean;
  readonly dnsPolicy?: 'ClusterFirst' | 'ClusterFirstWithHostNet' | 'Default' | 'None';
  readonly dnsConfig?: {
    readonly nameservers?: readonly string[];
    readonly searches?: readonly string[];
    readonly options?: readonly { readonly name: string; readonly value?: string }[];
  };
  readonly enableServiceLinks?: boolean;
  readonly hostAliases?: readonly { readonly ip: string; readonly hostnames?: readonly string[] }[];
  readonly containers?: readonly {
    readonly ports?: readonly {
      readonly name?: string;
      readonly containerPort: number;
      readonly protocol?: Protocol;
      readonly [field: string]: unknown;
    }[];
    readonly [field: string]: unknown;
  }[];
}

export interface PodObject extends Rest {
  readonly kind: 'Pod';
  readonly apiVersion?: 'v1';
  readonly metadata: ObjectMeta;
  readonly spec?: PodSpec;
  /** A pod with an address is an endpoint unless its condition `Ready` says no. */
  readonly status?: {
    readonly podIP?: string;
    readonly podIPs?: readonly { readonly ip: string }[];
    readonly phase?: 'Pending' | 'Running' | 'Succeeded' | 'Failed' | 'Unknown';
    readonly conditions?: readonly {
      readonly type: string;
      readonly status: string;
      readonly [field: string]: unknown;
    }[];
    readonly [field: string]: unknown;
  };
}

/** The template of the pods of a workload. */
export interface PodTemplate extends Rest {
  readonly metadata: { readonly labels: Readonly<Record<string, string>>; readonly [field: string]: unknown };
  readonly spec?: PodSpec;
}

interface WorkloadSpec extends Rest {
  /** The number of pods; 1 by default. */
  readonly replicas?: number;
  /** The labels of its pods; by default those of the template. */
  readonly selector?: {
    readonly matchLabels?: Readonly<Record<string, string>>;
    readonly [field: string]: unknown;
  };
  readonly template: PodTemplate;
}

export interface DeploymentObject extends Rest {
  readonly kind: 'Deployment';
  readonly apiVersion?: 'apps/v1';
  readonly metadata: ObjectMeta;
  readonly spec: WorkloadSpec;
}

export interface ReplicaSetObject extends Rest {
  readonly kind: 'ReplicaSet';
  readonly apiVersion?: 'apps/v1';
  readonly metadata: ObjectMeta;
  readonly spec: WorkloadSpec;
}

export interface StatefulSetObject extends Rest {
  readonly kind: 'StatefulSet';
  readonly apiVersion?: 'apps/v1';
  readonly metadata: ObjectMeta;
  readonly spec: WorkloadSpec & {
    /** The headless service below which the pods have names. */
    readonly serviceName?: string;
    readonly ordinals?: { readonly start?: number };
  };
}

export interface ReplicationControllerObject extends Rest {
  readonly kind: 'ReplicationController';
  readonly apiVersion?: 'v1';
  readonly metadata: ObjectMeta;
  readonly spec: Rest & {
    readonly replicas?: number;
    readonly selector?: Readonly<Record<string, string>>;
    readonly template: PodTemplate;
  };
}

export interface NamespaceObject extends Rest {
  readonly kind: 'Namespace';
  readonly apiVersion?: 'v1';
  readonly metadata: ObjectMeta;
}

export interface EndpointSliceObject extends Rest {
  readonly kind: 'EndpointSlice';
  readonly apiVersion?: 'discovery.k8s.io/v1';
  /** The label `kubernetes.io/service-name` has the service of the slice. */
  readonly metadata: ObjectMeta;
  readonly addressType?: 'IPv4' | 'IPv6' | 'FQDN';
  readonly ports?: readonly { readonly name?: string; readonly port?: number; readonly protocol?: Protocol }[];
  readonly endpoints?: readonly {
    readonly addresses: readonly string[];
    readonly hostname?: string;
    readonly conditions?: { readonly ready?: boolean; readonly [field: string]: unknown };
    readonly zone?: string;
    readonly [field: string]: unknown;
  }[];
}

export interface EndpointsObject extends Rest {
  readonly kind: 'Endpoints';
  readonly apiVersion?: 'v1';
  readonly metadata: ObjectMeta;
  readonly subsets?: readonly {
    readonly addresses?: readonly {
      readonly ip: string;
      readonly hostname?: string;
      readonly [field: string]: unknown;
    }[];
    readonly ports?: readonly { readonly name?: string; readonly port: number; readonly protocol?: Protocol }[];
    readonly [field: string]: unknown;
  }[];
}

/** A service of the cluster set, as other clusters export it. */
export interface ServiceImportObject extends Rest {
  readonly kind: 'ServiceImport';
  readonly apiVersion?: `multicluster.x-k8s.io/${'v1beta1' | 'v1alpha1'}`;
  readonly metadata: ObjectMeta;
  readonly spec?: {
    readonly type?: 'ClusterSetIP' | 'Headless';
    readonly ips?: readonly string[];
    readonly ports?: readonly { readonly name?: string; readonly port: number; readonly protocol?: Protocol }[];
    readonly [field: string]: unknown;
  };
}

/** An object that DNS does not use, such as a ConfigMap. It may stand beside the others, and changes nothing. */
export interface OtherObject extends Rest {
  readonly kind: OtherKind;
  readonly apiVersion?: string;
}

/** A Kubernetes object. The API version follows from the kind; fields that DNS does not use are allowed. */
export type ClusterObject =
  | ServiceObject
  | PodObject
  | NamespaceObject
  | EndpointSliceObject
  | EndpointsObject
  | ServiceImportObject
  | DeploymentObject
  | StatefulSetObject
  | ReplicaSetObject
  | ReplicationControllerObject
  | DeclaringObject
  | OtherObject;

/** An object whose type has no specific `kind`, such as `V1Service` of `@kubernetes/client-node`. Its content is checked when it is read. */
export interface ClientObject {
  readonly apiVersion?: string | undefined;
  readonly kind?: string | undefined;
  readonly metadata?: { readonly name?: string | undefined; readonly namespace?: string | undefined } | undefined;
}

/** An object whose type has a specific `kind` must be a `Whole`. */
export type Checked<T, Whole = ClusterObject> = T extends { readonly kind: infer K }
  ? string extends K
    ? ClientObject
    : Whole
  : ClientObject;

/** The names of an object; a whole object is accepted, too. */
export interface ObjectReference extends Rest {
  readonly kind: ClusterObject['kind'];
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly [field: string]: unknown };
}
