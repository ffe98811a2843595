export { type Cluster, type ClusterOptions, startCluster } from './cluster.ts';
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
export type { PodChoice, PodOptions, PodResolver } from './pods.ts';
export type { Answer, AnswerRecord } from './question.ts';
