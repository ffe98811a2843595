import type { ServerControl } from '../../../plugin/server-control.ts';
import type { AdminRequest, AdminResponse, Route } from '../http.ts';
import { numberOf, readParameters } from '../parameters.ts';
import type { ViewerEnv } from '../viewers.ts';

/** Lines after which a viewer leaves. */
const MAX_COUNT = 1_000_000;

export function tailRoutes(control: ServerControl, env: ViewerEnv): readonly Route[] {
  return [{ method: 'GET', path: '/v1/tail', respond: (request) => respond(request, control, env) }];
}

async function respond(
  { query, signal }: AdminRequest,
  control: ServerControl,
  env: ViewerEnv,
): Promise<AdminResponse> {
  const { DEFAULT_RATE, FILTERS, MAX_RATE, readFilter, tail } = await import('../tail/index.ts');
  const parameters = readParameters(query, [...FILTERS, 'rate', 'count']);
  const options = {
    filter: readFilter(parameters, (address) => control.namespaceOf(address)),
    rate: numberOf(parameters, 'rate', { max: MAX_RATE }) ?? DEFAULT_RATE,
    count: numberOf(parameters, 'count', { max: MAX_COUNT }),
  };
  return { lines: (write) => tail(control, env, options, write, signal) };
}
