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
/** A filter of queries. */
const filter = (name: string, description: string) => ({ name, description, schema: TEXT });
const number = (name: string, description: string, maximum: number) => {
  return { name, description, schema: { type: 'integer', minimum: 1, maximum } };
};
const LIST = 'with commas between them; all others with `!` before them';
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
  'GET /v1/tail': {
    summary: 'Queries as they come, and what their clients got; those that pass all filters that are given',
    parameters: [
      filter('client', `Addresses or networks, ${LIST}.`),
      filter('namespace', `Namespaces of clients that are known pods, ${LIST}.`),
      filter(
        'name',
        '`www.example.org` is this name, `.example.org` is example.org and all names below it, and `*.example.org` only those below it. Letter case does not count.',
      ),
      filter('type', `Record types, ${LIST}.`),
      filter('rcode', `Response codes, or \`none\` for no response, ${LIST}.`),
      filter('plugin', `Plugins that made the reply, or the empty name for the server itself, ${LIST}.`),
      filter('server', `Listeners such as \`dns://:53\`, ${LIST}.`),
      number(
        'rate',
        'Lines a second, by default 200. If more queries pass the filters, each has the same chance.',
        2000,
      ),
      number('count', 'Ends after as many queries.', 1_000_000),
    ],
    response: 'TailLine',
    isLines: true,
  },
  'GET /v1/top': {
    summary: 'Who asks most and for what since the request began, each second',
    parameters: [
      number('limit', 'Entries of each list, by default 10.', 100),
      number('seconds', 'Ends after as many seconds.', 86_400),
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
