/**
 * `GET /v1/top`: a line of JSON (application/x-ndjson) every second with the lists since the request began. Each list is a sketch of bounded size
 * (space-saving): a count may be too high by its `error`, and never too low.
 */
export interface TopLists {
  /** How long these have been counted. */
  readonly seconds: number;
  readonly queries: number;
  /** `none` for queries that got no response. */
  readonly byRcode: Readonly<Record<string, number>>;
  readonly byType: Readonly<Record<string, number>>;
  /** The empty name is the server itself. */
  readonly byPlugin: Readonly<Record<string, number>>;
  readonly clients: TopList;
  /** Of clients that a plugin knows as pods. */
  readonly namespaces: TopList;
  readonly names: TopList;
  /** Names that were answered with NXDOMAIN. */
  readonly nxdomain: TopList;
  /** Names that were asked only because of a search list: NXDOMAIN, and the same client then got an answer for a shorter name. */
  readonly wasted: TopList;
}

/** The largest first. */
export type TopList = readonly TopCount[];

export interface TopCount {
  readonly key: string;
  readonly count: number;
  readonly error: number;
}
