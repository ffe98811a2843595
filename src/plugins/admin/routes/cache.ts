import type { FlushRequest } from '../../../admin/protocol/index.ts';
import { printType } from '../../../dns/rr.ts';
import type { ServerControl } from '../../../plugin/server-control.ts';
import { fieldsOf, RequestError, type Route } from '../http.ts';
import { checkedName, nameIn, onlyKnown, typeIn } from './parameters.ts';

/** What the caches hold, and how it is thrown away. */
export function cacheRoutes(control: ServerControl): readonly Route[] {
  return [
    {
      method: 'GET',
      path: '/v1/cache',
      respond({ query }) {
        onlyKnown([...query.keys()], ['name', 'type']);
        const [replies, type] = [control.cached(nameIn(query)), typeIn(query)];
        return { json: type === undefined ? replies : replies.filter((reply) => reply.type === printType(type)) };
      },
    },
    {
      method: 'POST',
      path: '/v1/cache/flush',
      respond: ({ body }) => ({ json: control.flush(readFlush(body)) }),
    },
  ];
}

const RIGHT = 'send {"name": NAME}, {"name": NAME, "subtree": true}, or {} for everything';

/** @throws RequestError */
function readFlush(body: unknown): FlushRequest {
  const { name, subtree } = fieldsOf(body, ['name', 'subtree']);
  if (name !== undefined && typeof name !== 'string') throw new RequestError(400, `'name' must be a text: ${RIGHT}`);
  if (subtree !== undefined && typeof subtree !== 'boolean') {
    throw new RequestError(400, `'subtree' must be true or false: ${RIGHT}`);
  }
  if (name === undefined && subtree !== undefined) throw new RequestError(400, `'subtree' needs a name: ${RIGHT}`);
  return { ...(name !== undefined && { name: checkedName(name) }), ...(subtree !== undefined && { subtree }) };
}
