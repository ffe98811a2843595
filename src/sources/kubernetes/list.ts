import type { ApiClient } from './client.ts';
import { ApiConnectionError } from './errors.ts';
import type { Feed } from './feed.ts';
import { readList } from './list-reader.ts';
import { pathOf, queryOf, type Resource } from './resource.ts';

/** The number of objects in a page, as other clients of Kubernetes use. */
const PAGE_ITEMS = '500';

/** What gets the contents of a list. */
interface ListTaker {
  /** The first page has come. */
  begin?(): void;
  /** The text of an object. */
  item(text: string): void;
  tooLong(): void;
}

/**
 * Reads a list, page by page, as it was at one moment. Returns its version.
 *
 * The request has no resource version. With version 0, the API server may answer from a cache that is behind, and sends everything at once.
 *
 * @param accept the media types that are accepted; JSON by default
 * @throws what {@link ApiClient.get} throws.
 */
export async function readPages(
  api: ApiClient,
  resource: Resource,
  namespace: string | undefined,
  taker: ListTaker,
  signal: AbortSignal,
  accept?: string,
): Promise<string> {
  let next = '';
  for (let isFirst = true; ; isFirst = false) {
    const query = queryOf(resource, { limit: PAGE_ITEMS, ...(next && { continue: next }) });
    const { chunks } = await api.get(pathOf(resource, namespace) + query, signal, accept);
    if (isFirst) taker.begin?.();
    const page = await readList(chunks, taker.item, taker.tooLong);
    next = page.next;
    if (next !== '') continue;
    if (page.version === undefined) throw new ApiConnectionError('the list has no resourceVersion');
    return page.version;
  }
}

/** Feeds a list. Returns its version. @throws what {@link ApiClient.get} throws. */
export function feedList(
  api: ApiClient,
  resource: Resource,
  namespace: string | undefined,
  feed: Pick<Feed, 'begin' | 'listed' | 'skip'>,
  signal: AbortSignal,
): Promise<string> {
  const taker: ListTaker = {
    begin: () => feed.begin(),
    item(text) {
      const object = parseItem(text);
      if (object === undefined) feed.skip('bad-object', 'an item that is not JSON');
      else feed.listed(object);
    },
    tooLong: () => feed.skip('bad-object', 'an item that is too long'),
  };
  return readPages(api, resource, namespace, taker, signal);
}

function parseItem(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
