/*
 * What a program may import from `cairn-dns`. Begin with server/server.ts to read the server, and with cli/run.ts to read the command.
 * The other entry points of the package are plugin/, plugin/testing/, resolver/ and testing/; no program imports another file.
 */

export { CairnError } from './base/errors.ts';
export { CorefileError, CorefileErrors } from './corefile/error.ts';
export type { LogFields, LogLevel, LogRecord, LogSink } from './observe/log.ts';
export { loadPlugins } from './packages/load.ts';
export { placePlugins } from './packages/place.ts';
export { plugins } from './plugins.ts';
export type { Port, Service } from './registry/records.ts';
export { type EnvironmentOptions, serviceEnvironment } from './registry/service-environment.ts';
export type { Explained } from './server/answer/explain.ts';
export { type Answer, firstMessage } from './server/answer/stream.ts';
export type { Visit } from './server/answer/visit.ts';
export {
  type CorefileSource,
  type CorefileSourceOptions,
  corefileSource,
} from './server/configuration/corefile-source.ts';
export type { ListeningAddress } from './server/listeners/sockets.ts';
export { Server, type ServerOptions } from './server/server.ts';
