/*
 * What the admin interface of a running server says, as data: each file has the responses of one part. Begin here. Every value is JSON; times are
 * in seconds unless the name says otherwise, and moments are RFC 3339 text in UTC. The files are the source of the OpenAPI description.
 */

export type { CachedReply, CacheFigures, FlushRequest, FlushResult } from './cache.ts';
export type { CorefileView, Done, DrainRequest, LogLevelRequest, ReloadResult } from './changes.ts';
export type { Candidate, Explanation, Step } from './explain.ts';
export type {
  BlockStatus,
  ListenerStatus,
  MemoFigures,
  PluginState,
  PluginStatus,
  ServerStatus,
  UdpFigures,
  UpstreamStatus,
  WatchStatus,
} from './status.ts';
export type { TailLine, TailNote, TailQuery } from './tail.ts';
export type { TopCount, TopList, TopLists } from './top.ts';

/** The body of every response with another status than 200. */
export interface AdminError {
  /** What is wrong, and what would be right. */
  readonly error: string;
}
