/*
 * The DNS of a cluster for users' unit tests, in their own process; exported as `cairn-dns/testing`. Begin with cluster.ts. It never asks
 * the network, and opens a socket only if a test wants one.
 */

export { type Cluster, type ClusterOptions, startCluster } from './cluster.ts';
export type {
  DNSEndpointObject,
  GatewayObject,
  GRPCRouteObject,
  HTTPRouteObject,
  IngressObject,
  NodeObject,
  ServiceCIDRObject,
  TLSRouteObject,
} from './declared-objects.ts';
export type { Failure, Fault, FaultOptions } from './faults.ts';
export type { Installed, InstallOptions } from './install/install.ts';
export type { ServedBy } from './install/served.ts';
export type { Serve } from './install/targets.ts';
export type { AskedQuery, QueryMark } from './journal.ts';
export type { Listening, ListenOptions } from './listen.ts';
export type { ObjectMeta } from './object-meta.ts';
export type {
  Checked,
  ClientObject,
  ClusterObject,
  DeploymentObject,
  EndpointSliceObject,
  EndpointsObject,
  NamespaceObject,
  ObjectReference,
  OtherObject,
  PodObject,
  PodTemplate,
  ReplicaSetObject,
  ReplicationControllerObject,
  ServiceImportObject,
  ServiceObject,
  StatefulSetObject,
} from './objects.ts';
export type { PodOptions } from './pod-options.ts';
export type { PodChoice, PodResolver } from './pods.ts';
export type { Answer, AnswerRecord } from './question.ts';
export type { PodStatus, WorkloadChoice } from './workloads.ts';
