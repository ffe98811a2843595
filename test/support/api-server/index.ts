export type { KubernetesObject } from './objects.ts';
export type { AskedRequest } from './request.ts';
export { type ApiServer, type ApiServerOptions, type Certificate, startApiServer } from './server.ts';
export type { Snapshot } from './state.ts';
export type { Requests, Switches } from './switches.ts';
export type { Watch } from './watch.ts';
