/** Fields that DNS does not look at, so that an object may be given as the API has it. */
interface Rest {
  readonly [field: string]: unknown;
}

export interface ObjectMeta extends Rest {
  readonly name: string;
  /** `default` if not given. */
  readonly namespace?: string;
  readonly labels?: Readonly<Record<string, string>>;
}

type Protocol = 'TCP' | 'UDP' | 'SCTP';

export interface ServiceObject extends Rest {
  readonly kind: 'Service';
  readonly apiVersion?: 'v1';
  readonly metadata: ObjectMeta;
  readonly spec?: {
    readonly type?: 'ClusterIP' | 'NodePort' | 'LoadBalancer' | 'ExternalName';
    /** `None` makes the service headless; one that is not given is chosen. */
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
    readonly publishNotReadyAddresses?: boolean;
    readonly ipFamilies?: readonly ('IPv4' | 'IPv6')[];
    readonly ipFamilyPolicy?: 'SingleStack' | 'PreferDualStack' | 'RequireDualStack';
    readonly [field: string]: unknown;
  };
}

interface PodSpec extends Rest {
  /** With `subdomain`, the pod's own name below the headless service of that name. */
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

/** What the pods of a Deployment, StatefulSet or the like have. */
export interface PodTemplate extends Rest {
  readonly metadata: { readonly labels: Readonly<Record<string, string>>; readonly [field: string]: unknown };
  readonly spec?: PodSpec;
}

interface WorkloadSpec extends Rest {
  /** How many pods there are; 1 if not given. */
  readonly replicas?: number;
  /** Which pods count as its own; those with the labels of the template if not given. */
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
    /** The headless service in which the pods have their names. */
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
  /** The label `kubernetes.io/service-name` says which service the slice belongs to. */
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
  readonly apiVersion?: 'multicluster.x-k8s.io/v1alpha1';
  readonly metadata: ObjectMeta;
  readonly spec?: {
    readonly type?: 'ClusterSetIP' | 'Headless';
    readonly ips?: readonly string[];
    readonly ports?: readonly { readonly name?: string; readonly port: number; readonly protocol?: Protocol }[];
    readonly [field: string]: unknown;
  };
}

/** A Kubernetes object that DNS is made of. The API version follows from the kind; fields that DNS does not look at may be there. */
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
  | ReplicationControllerObject;

/** An object of a type that does not say its kind, such as `V1Service` of `@kubernetes/client-node`. What is in it is checked when it is read. */
export interface ClientObject {
  readonly apiVersion?: string | undefined;
  readonly kind?: string | undefined;
  readonly metadata?: { readonly name?: string | undefined; readonly namespace?: string | undefined } | undefined;
}

/** An object whose type says its kind must be a `Whole` one. */
export type Checked<T, Whole = ClusterObject> = T extends { readonly kind: infer K }
  ? string extends K
    ? ClientObject
    : Whole
  : ClientObject;

/** Names an object: a whole one will do. */
export interface ObjectReference extends Rest {
  readonly kind: ClusterObject['kind'];
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly [field: string]: unknown };
}
