export { CorefileError, CorefileErrors } from './corefile/error.ts';
export { CairnError } from './errors.ts';
export type { LogSink } from './observe/log.ts';
export { plugins } from './plugins.ts';
export { type CorefileSource, type CorefileSourceOptions, corefileSource } from './server/corefile-source.ts';
export type { Explained } from './server/responder.ts';
export { type Listening, Server, type ServerOptions } from './server/server.ts';
export type { Visit } from './server/visit.ts';
