import type { ObjectMeta, Rest } from './object-meta.ts';

interface Point extends Rest {
  readonly ip?: string;
  readonly hostname?: string;
}

/** The status of a Service or an Ingress behind a load balancer. */
export interface BalancedStatus extends Rest {
  readonly loadBalancer?: { readonly ingress?: readonly Point[]; readonly [field: string]: unknown };
}

export interface IngressObject extends Rest {
  readonly kind: 'Ingress';
  readonly apiVersion?: 'networking.k8s.io/v1' | 'networking.k8s.io/v1beta1' | 'extensions/v1beta1';
  readonly metadata: ObjectMeta;
  readonly spec?: {
    readonly ingressClassName?: string;
    readonly rules?: readonly { readonly host?: string; readonly [field: string]: unknown }[];
    readonly [field: string]: unknown;
  };
  readonly status?: BalancedStatus;
}

interface GatewayAddress extends Rest {
  /** `IPAddress` if not given. */
  readonly type?: string;
  readonly value?: string;
}

export interface GatewayObject extends Rest {
  readonly kind: 'Gateway';
  readonly apiVersion?: `gateway.networking.k8s.io/${'v1' | 'v1beta1' | 'v1alpha2'}`;
  readonly metadata: ObjectMeta;
  readonly spec?: {
    readonly gatewayClassName?: string;
    readonly listeners?: readonly {
      readonly name: string;
      readonly port: number;
      readonly protocol?: string;
      readonly hostname?: string;
      readonly [field: string]: unknown;
    }[];
    /** Its addresses, if it has no status. */
    readonly addresses?: readonly GatewayAddress[];
    readonly [field: string]: unknown;
  };
  readonly status?: { readonly addresses?: readonly GatewayAddress[]; readonly [field: string]: unknown };
}

interface ParentReference extends Rest {
  readonly group?: string;
  readonly kind?: string;
  /** The route's own if not given. */
  readonly namespace?: string;
  readonly name: string;
  readonly sectionName?: string;
  readonly port?: number;
}

interface RouteObject extends Rest {
  readonly metadata: ObjectMeta;
  readonly spec?: {
    readonly hostnames?: readonly string[];
    readonly parentRefs?: readonly ParentReference[];
    readonly [field: string]: unknown;
  };
  /** Without a status, all parents have accepted the route. */
  readonly status?: {
    readonly parents?: readonly {
      readonly parentRef: ParentReference;
      readonly conditions?: readonly {
        readonly type: string;
        readonly status: string;
        readonly [field: string]: unknown;
      }[];
      readonly [field: string]: unknown;
    }[];
    readonly [field: string]: unknown;
  };
}

export interface HTTPRouteObject extends RouteObject {
  readonly kind: 'HTTPRoute';
  readonly apiVersion?: `gateway.networking.k8s.io/${'v1' | 'v1beta1' | 'v1alpha2'}`;
}

export interface TLSRouteObject extends RouteObject {
  readonly kind: 'TLSRoute';
  readonly apiVersion?: `gateway.networking.k8s.io/${'v1' | 'v1alpha3' | 'v1alpha2'}`;
}

export interface GRPCRouteObject extends RouteObject {
  readonly kind: 'GRPCRoute';
  readonly apiVersion?: `gateway.networking.k8s.io/${'v1' | 'v1alpha2'}`;
}

export interface DNSEndpointObject extends Rest {
  readonly kind: 'DNSEndpoint';
  readonly apiVersion?: 'externaldns.k8s.io/v1alpha1';
  readonly metadata: ObjectMeta;
  readonly spec?: {
    readonly endpoints?: readonly {
      readonly dnsName: string;
      readonly recordType: string;
      readonly recordTTL?: number;
      readonly targets: readonly string[];
      readonly [field: string]: unknown;
    }[];
    readonly [field: string]: unknown;
  };
}

export interface NodeObject extends Rest {
  readonly kind: 'Node';
  readonly apiVersion?: 'v1';
  readonly metadata: ObjectMeta;
  readonly spec?: {
    readonly podCIDR?: string;
    readonly podCIDRs?: readonly string[];
    readonly [field: string]: unknown;
  };
  readonly status?: {
    readonly addresses?: readonly {
      readonly type: string;
      readonly address: string;
      readonly [field: string]: unknown;
    }[];
    readonly [field: string]: unknown;
  };
}

/** Networks of cluster IPs. */
export interface ServiceCIDRObject extends Rest {
  readonly kind: 'ServiceCIDR';
  readonly apiVersion?: `networking.k8s.io/${'v1' | 'v1beta1' | 'v1alpha1'}`;
  readonly metadata: ObjectMeta;
  readonly spec?: { readonly cidrs?: readonly string[]; readonly [field: string]: unknown };
}

/** An object that declares names outside of the cluster's zone, or networks of the cluster. */
export type DeclaringObject =
  | IngressObject
  | GatewayObject
  | HTTPRouteObject
  | TLSRouteObject
  | GRPCRouteObject
  | DNSEndpointObject
  | NodeObject
  | ServiceCIDRObject;
