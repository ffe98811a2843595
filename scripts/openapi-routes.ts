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

function filter(name: string, what: string): QueryParameter {
  return {
    name,
    description: `Only queries with this: ${what}. A list has commas; \`!\` before it means all others.`,
    schema: TEXT,
  };
}

function number(name: string, description: string, maximum: number): QueryParameter {
  return { name, description, schema: { type: 'integer', minimum: 1, maximum } };
}

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
  'GET /v1/tail': {
    summary: 'Queries as they pass, and what their clients got',
    parameters: [
      filter('client', 'an address or a network, such as `10.0.0.0/8`'),
      filter('namespace', "a namespace; known only of clients that are pods of which 'kubernetes' knows"),
      {
        name: 'name',
        description:
          'Only queries for this name. `.NAME` is the name and those below it, `*.NAME` only those below it.',
        schema: TEXT,
      },
      filter('type', 'a record type'),
      filter('rcode', 'a response code, or `none` for queries without a response'),
      filter('plugin', 'the plugin that made the reply; empty for the server itself'),
      filter('server', 'a listener, such as `dns://:53`'),
      number(
        'rate',
        'The maximum number of lines in a second, by default 200. Of more queries, a sample is shown, and the others are counted.',
        2000,
      ),
      number('count', 'How many queries are shown before the end; without it, no end.', 1_000_000),
    ],
    response: 'TailLine',
    isLines: true,
  },
  'GET /v1/top': {
    summary: 'Who asks most and what for, since the request began: a line each second',
    parameters: [
      number('limit', 'How many keys each list has, by default 10.', 100),
      number('seconds', 'After which time it ends; without it, no end.', 86_400),
    ],
    response: 'TopLists',
    isLines: true,
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
