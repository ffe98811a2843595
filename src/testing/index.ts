/*
 * The DNS of a cluster for users' unit tests, in their own process; exported as `cairn-dns/testing`. Begin with cluster.ts. It never asks
 * the network, and opens a socket only if a test wants one.
 */

export { type Cluster, type ClusterOptions, startCluster } from './cluster.ts';
export type { Listening, ListenOptions } from './listen.ts';
export type {
  ClusterObject,
  EndpointSliceObject,
  EndpointsObject,
  NamespaceObject,
  ObjectMeta,
  ObjectReference,
  PodObject,
  ServiceImportObject,
  ServiceObject,
} from './objects.ts';
export type { PodOptions } from './pod-options.ts';
export type { PodChoice, PodResolver } from './pods.ts';
export type { Answer, AnswerRecord } from './question.ts';
