import type { ServerControl } from '../../../plugin/server-control.ts';
import type { AdminRequest, AdminResponse, Route } from '../http.ts';
import { numberOf, readParameters } from '../parameters.ts';
import type { ViewerEnv } from '../viewers.ts';

/** Keys in each list. */
const DEFAULT_LIMIT = 10;
const MAX_LIMIT = 100;
const MAX_SECONDS = 24 * 60 * 60;

export function topRoutes(control: ServerControl, env: ViewerEnv): readonly Route[] {
  return [{ method: 'GET', path: '/v1/top', respond: (request) => respond(request, control, env) }];
}

async function respond(
  { query, signal }: AdminRequest,
  control: ServerControl,
  env: ViewerEnv,
): Promise<AdminResponse> {
  const parameters = readParameters(query, ['limit', 'seconds']);
  const options = {
    limit: numberOf(parameters, 'limit', { max: MAX_LIMIT }) ?? DEFAULT_LIMIT,
    seconds: numberOf(parameters, 'seconds', { max: MAX_SECONDS }),
  };
  const { top } = await import('../top/index.ts');
  return { lines: (write) => top(control, env, options, write, signal) };
}
