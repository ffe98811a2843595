import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { createGenerator } from 'ts-json-schema-generator';
import type { Route } from '../src/plugins/admin/http.ts';
import { routesFor } from '../src/plugins/admin/routes/index.ts';
import { DESCRIPTIONS, type RouteDescription } from './openapi-routes.ts';

/** Describes the admin interface as OpenAPI 3.1: its routes, and the types of `src/admin/protocol`. */

const ROOT = resolve(import.meta.dirname, '..');

/** The path of the description. The server serves it. */
export const OPENAPI_FILE = resolve(ROOT, 'src/plugins/admin/openapi.json');

/** Only their methods and paths are read, so nothing need be behind them. */
const ROUTES = (routesFor as (...world: never[]) => readonly Route[])({} as never, {} as never);

type Schema = Readonly<Record<string, unknown>>;

export interface OpenApi {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

interface Operation {
  readonly responses: Readonly<
    Record<string, { readonly content: Readonly<Record<string, { readonly schema: Schema }>> }>
  >;
}

const INFO = {
  title: "Cairn's admin interface",
  version: '1',
  description:
    'Shows a running server, and steers it. Times are in seconds unless the name says otherwise, and moments are RFC 3339 text in UTC. New fields may come, and none goes in this version.',
  license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
};

const TOKEN = {
  type: 'http',
  scheme: 'bearer',
  description: "Of the file that 'token' or 'read_token' names. Not needed if the directive has neither.",
};

/** The text of the description. @throws Error for a route that is not described */
export function openApiText(): string {
  const schemas = protocolSchemas();
  const document = {
    openapi: '3.1.1',
    info: INFO,
    servers: [{ url: 'http://localhost:9154' }],
    security: [{}, { token: [] }],
    paths: pathsOf(schemas),
    components: { schemas, securitySchemes: { token: TOKEN } },
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

/** The exported types of the protocol, by their names. */
function protocolSchemas(): Readonly<Record<string, Schema>> {
  const generator = createGenerator({
    path: resolve(ROOT, 'src/admin/protocol/index.ts'),
    tsconfig: resolve(ROOT, 'tsconfig.json'),
    type: '*',
    // The compiler of the generator is older than that of the sources, which are checked elsewhere.
    skipTypeCheck: true,
    jsDoc: 'extended',
  });
  const { definitions } = generator.createSchema('*');
  return JSON.parse(JSON.stringify(definitions).replaceAll('#/definitions/', '#/components/schemas/'));
}

function pathsOf(schemas: Readonly<Record<string, Schema>>): OpenApi['paths'] {
  const paths: Record<string, Record<string, Operation>> = {};
  for (const { method, path } of ROUTES) {
    const key = `${method} ${path}`;
    const description = DESCRIPTIONS[key];
    if (!description) throw new Error(`scripts/openapi-routes.ts does not describe ${key}`);
    paths[path] ??= {};
    paths[path][method.toLowerCase()] = operationOf(key, description, schemas);
  }
  return paths;
}

function operationOf(key: string, route: RouteDescription, schemas: Readonly<Record<string, Schema>>): Operation {
  const { summary, parameters = [], body, response, isLines } = route;
  const schemaOf = (type: string): Schema => {
    const name = type.replace(/\[\]$/, '');
    if (!schemas[name]) throw new Error(`src/admin/protocol does not export the type ${name} of ${key}`);
    const reference = { $ref: `#/components/schemas/${name}` };
    return name === type ? reference : { type: 'array', items: reference };
  };
  const json = (type: string) => ({ 'application/json': { schema: schemaOf(type) } });
  const content = isLines ? { 'application/x-ndjson': { schema: schemaOf(response) } } : json(response);
  return {
    operationId: idOf(key),
    summary,
    ...(parameters.length > 0 && { parameters: parameters.map((parameter) => ({ in: 'query', ...parameter })) }),
    ...(body && { requestBody: { required: true, content: json(body) } }),
    responses: {
      200: { description: isLines ? 'Lines of JSON, for as long as the client reads.' : 'Done.', content },
      default: { description: 'What is wrong, and what would be right.', content: json('AdminError') },
    },
  } as Operation;
}

/** `GET /v1/cache` is `getCache`. */
function idOf(key: string): string {
  const [method = '', ...words] = key.replace('/v1/', '').split(/[ /-]/);
  return method.toLowerCase() + words.map((word) => word[0]!.toUpperCase() + word.slice(1)).join('');
}

if (import.meta.main) writeFileSync(OPENAPI_FILE, openApiText());
