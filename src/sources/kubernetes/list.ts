import type { ApiClient } from './client.ts';
import { ApiConnectionError } from './errors.ts';
import type { Feed } from './feed.ts';
import { readList } from './list-reader.ts';
import { pathOf, queryOf, type Resource } from './resource.ts';

/** The number of objects in a page, as other clients of Kubernetes use. */
const PAGE_ITEMS = '500';

/**
 * Feeds a list, page by page, as it was at one moment. Returns its version.
 *
 * The request has no resource version. With version 0, the API server may answer from a cache that is behind, and sends everything at once.
 *
 * @throws what {@link ApiClient.get} throws.
 */
export async function feedList(
  api: ApiClient,
  resource: Resource,
  namespace: string | undefined,
  feed: Pick<Feed, 'begin' | 'listed' | 'skip'>,
  signal: AbortSignal,
): Promise<string> {
  const item = (text: string) => {
    const object = parseItem(text);
    if (object === undefined) feed.skip('bad-object', 'an item that is not JSON');
    else feed.listed(object);
  };
  const tooLong = () => feed.skip('bad-object', 'an item that is too long');
  let next = '';
  for (let isFirst = true; ; isFirst = false) {
    const query = queryOf(resource, { limit: PAGE_ITEMS, ...(next && { continue: next }) });
    const { chunks } = await api.get(pathOf(resource, namespace) + query, signal);
    if (isFirst) feed.begin();
    const page = await readList(chunks, item, tooLong);
    next = page.next;
    if (next !== '') continue;
    if (page.version === undefined) throw new ApiConnectionError('the list has no resourceVersion');
    return page.version;
  }
}

function parseItem(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
