/** What a route of the admin interface takes and gives, for its description. */
export interface RouteDescription {
  readonly summary: string;
  readonly parameters?: readonly QueryParameter[];
  /** Names of types that `src/admin/protocol` exports. */
  readonly body?: string;
  /** The same, with `[]` for a list. */
  readonly response: string;
  /** Whether the response is a line of that type, and another, for as long as the client reads. */
  readonly isLines?: boolean;
}

interface QueryParameter {
  readonly name: string;
  readonly description: string;
  readonly required?: boolean;
  readonly schema: Readonly<Record<string, unknown>>;
}

const TEXT = { type: 'string' };
const NAME = { name: 'name', description: 'A domain name in zone-file text.', required: true, schema: TEXT };
const TYPE = { name: 'type', description: 'A record type, such as `AAAA` or `TYPE65`.', schema: TEXT };

/** The routes, by method and path. */
export const DESCRIPTIONS: Readonly<Record<string, RouteDescription>> = {
  'GET /v1/status': {
    summary: 'The server, its listeners and its blocks, with the state of each plugin',
    response: 'ServerStatus',
  },
  'GET /v1/corefile': {
    summary: 'The Corefile as it is understood, without secrets',
    response: 'CorefileView',
  },
  'GET /v1/explain': {
    summary: 'What a client gets for a name, and why',
    parameters: [
      {
        ...NAME,
        description:
          'A domain name in zone-file text. With a final dot, it is asked for as it is; without, the search list of a client that is a known pod applies.',
      },
      { ...TYPE, description: 'A record type, by default `A`.' },
      { name: 'client', description: 'The address of the client, by default `127.0.0.1`.', schema: TEXT },
      { name: 'protocol', description: 'By default `udp`.', schema: { type: 'string', enum: ['udp', 'tcp'] } },
    ],
    response: 'Explanation',
  },
  'GET /v1/cache': {
    summary: 'What all caches hold for a name',
    parameters: [NAME, { ...TYPE, description: 'A record type; without it, all types.' }],
    response: 'CachedReply[]',
  },
  'POST /v1/cache/flush': {
    summary: 'Throws away what the caches hold: for a name, for a name and those below it, or all',
    body: 'FlushRequest',
    response: 'FlushResult',
  },
  'POST /v1/log-level': {
    summary: 'Changes the least severe level that is logged',
    body: 'LogLevelRequest',
    response: 'Done',
  },
  'POST /v1/drain': {
    summary: 'Says whether new clients should come: `/ready` answers 503 until it is taken back, and DNS is answered',
    body: 'DrainRequest',
    response: 'Done',
  },
  'POST /v1/reload': {
    summary: 'Reads the Corefile again, and serves it if it says something else; the body is an empty object',
    body: 'Done',
    response: 'ReloadResult',
  },
};
