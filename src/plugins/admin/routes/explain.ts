import { A } from '../../../dns/rr.ts';
import { canonicalAddress } from '../../../net/addresses.ts';
import type { ExplainRequest, ServerControl } from '../../../plugin/server-control.ts';
import type { Route } from '../http.ts';
import { RequestError } from '../http.ts';
import { controlled, nameIn, onlyKnown, typeIn } from './parameters.ts';

/** The ports from which clients ask are not known; none of them is 0. */
const CLIENT_PORT = 53_053;

/** What a client gets for a name, and why. */
export function explainRoutes(control: ServerControl): readonly Route[] {
  return [
    {
      method: 'GET',
      path: '/v1/explain',
      respond: async ({ query }) => ({ json: await controlled(() => control.explain(readExplain(query))) }),
    },
  ];
}

function readExplain(query: URLSearchParams): ExplainRequest {
  onlyKnown([...query.keys()], ['name', 'type', 'client', 'protocol']);
  const client = query.get('client') ?? '127.0.0.1';
  const address = canonicalAddress(client);
  if (address === undefined) throw new RequestError(400, `client cannot be "${client}": it is an IP address`);
  const protocol = query.get('protocol') ?? 'udp';
  if (protocol !== 'udp' && protocol !== 'tcp') {
    throw new RequestError(400, `protocol cannot be "${protocol}": it is udp or tcp`);
  }
  return { name: nameIn(query), type: typeIn(query) ?? A.code, client: { address, port: CLIENT_PORT }, protocol };
}
