import { once } from 'node:events';
import { expect, test } from 'vitest';
import { startWithAdmin } from '../support/admin.ts';
import { ask } from '../support/ask.ts';
import { expectDescribed, openApi } from '../support/openapi.ts';
import { refusedPort } from '../support/upstream.ts';

/** A request to each route. */
const REQUESTS: Readonly<Record<string, { readonly query?: string; readonly body?: unknown }>> = {
  'GET /v1/status': {},
  'GET /v1/corefile': {},
  'GET /v1/explain': { query: 'name=web.example.org.&client=192.0.2.7' },
  'GET /v1/cache': { query: 'name=outside.example.net.' },
  'GET /v1/tail': {},
  'GET /v1/top': {},
  'POST /v1/cache/flush': { body: { name: 'example.net.', subtree: true } },
  'POST /v1/log-level': { body: { level: 'debug', seconds: 60 } },
  'POST /v1/drain': { body: { draining: true } },
  'POST /v1/reload': { body: {} },
};

const COREFILE = async () => `
ready 127.0.0.1:0
prometheus 127.0.0.1:0
errors
log
cache
hosts /dev/null {
    192.0.2.1 web.example.org
    fallthrough
}
forward . 127.0.0.1:${await refusedPort()}
`;

const ROUTES = Object.entries(openApi.paths).flatMap(([path, operations]) =>
  Object.keys(operations).map((method) => [method.toUpperCase(), path] as const),
);

test.each(ROUTES)('%s %s responds as its description says', async (method, path) => {
  const { ask: request, open, port } = await startWithAdmin(await COREFILE());
  await ask(port, 'web.example.org', 'A');
  const sample = REQUESTS[`${method} ${path}`];
  expect(sample, 'test/e2e/admin-routes.test.ts has a request').toBeDefined();
  const target = sample!.query === undefined ? path : `${path}?${sample!.query}`;
  const isLines = openApi.paths[path]![method.toLowerCase()]!.responses['200']!.content['application/x-ndjson'];
  if (!isLines) {
    // The client compares it with the description.
    const response = await request(method, target, { body: sample!.body });
    expect(response).toMatchObject({ status: 200, json: expect.anything() });
    return;
  }
  const response = await open(target);
  expect(response.statusCode).toBe(200);
  const asking = setInterval(() => void ask(port, 'web.example.org', 'A'), 50);
  const [chunk] = await once(response, 'data');
  clearInterval(asking);
  for (const line of String(chunk).split('\n').slice(0, -1)) {
    expectDescribed(method, path, 200, 'application/x-ndjson', JSON.parse(line));
  }
});
