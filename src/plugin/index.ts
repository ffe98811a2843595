/**
 * The contract of a plugin, and what plugins are written with; exported as `cairn-dns/plugin`. Begin with `Plugin` and `PluginDefinition` in
 * `plugin.ts`. Nothing in this folder knows a single plugin, a socket or a Corefile's file.
 */
export { CairnError } from '../base/errors.ts';
export {
  argsBetween,
  atLeastArgs,
  atMostArgs,
  domainName,
  durationMs,
  exactArgs,
  fallthroughZones,
  integer,
  lastUse,
  network,
  noArgs,
  noBlock,
  once,
  oneOf,
  oneOfAnyCase,
  parseOptions,
  rcode,
  recordClass,
  recordType,
  unknownProperty,
  zonesArgument,
} from '../corefile/arguments.ts';
export type { Directive, Line, OptionLine } from '../corefile/ast.ts';
export { atToken, CorefileError, CorefileErrors } from '../corefile/error.ts';
export type { Position } from '../corefile/position.ts';
export type { Token } from '../corefile/token.ts';
export { canonicalIP, type IP, type Prefix, parseIP, parsePrefix, prefixContains, printIP } from '../dns/ip.ts';
export { Class, type Edns, EdnsOption, type Message, Opcode, type Question, Rcode } from '../dns/message.ts';
export {
  foldName,
  isAtOrBelow,
  joinName,
  labelsOf,
  longestZone,
  type Name,
  parentOf,
  parseName,
  ROOT,
} from '../dns/name.ts';
export { parseRecord, printRecord } from '../dns/presentation.ts';
export {
  A,
  AAAA,
  CAA,
  CNAME,
  isOfType,
  MX,
  NAPTR,
  NS,
  PTR,
  parseType,
  printType,
  QType,
  type ResourceRecord,
  type RRType,
  rr,
  SOA,
  SRV,
  TXT,
} from '../dns/rr.ts';
export type { ServerCredentials } from '../net/stream/tls-server.ts';
export type { Clock, Timer } from '../observe/clock.ts';
export type { LogFields, Logger } from '../observe/log.ts';
export type { Cell, Metrics } from '../observe/metrics.ts';
export type { ClientView } from './client-view.ts';
export type { PluginEnv } from './env.ts';
export { type ExistingName, replyOfExisting } from './existing.ts';
export { countQuery } from './explained.ts';
export { CLIENTS, CREDENTIALS, SEARCH_LIST, SELECTION, SERVICES, TRACER, TRANSFERS } from './keys.ts';
export { type Authority, answerLookup, closedZones, fallsThrough, type Lookup } from './lookup.ts';
export { OfferKey } from './offer.ts';
export {
  API_VERSION,
  type BlockContext,
  type BlockSettings,
  type ChainEnd,
  type DependsOn,
  definePlugin,
  type Handler,
  type ParseContext,
  type Place,
  type Plugin,
  type PluginDefinition,
  type Repetitions,
  type Sent,
  type ShutdownOptions,
} from './plugin.ts';
export { type Arrival, type Protocol, type Query, withQuestion } from './query.ts';
export { alsoDependingOn, counted, Epoch, notRepeatable, repeatUntilMoved, UNCHANGING } from './repeat.ts';
export { alterReply, createReply, failure, mapRecords, mapReply, type Repeat, type Reply, withTtls } from './reply.ts';
export type { ServiceEndpoint, ServiceView } from './service-view.ts';
export type { OwnStatus } from './status.ts';
export type { SpanAttributes, SpanDetails, Tracer } from './tracer.ts';
export type { TransferableZone, TransferSource } from './transfer.ts';
export { whileServing } from './while-serving.ts';
