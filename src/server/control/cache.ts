import type { CachedReply, FlushRequest, FlushResult } from '../../admin/protocol/index.ts';
import { foldName, isAtOrBelow, parseUnicodeName } from '../../dns/name.ts';
import { CACHE } from '../../plugin/keys.ts';
import type { Controlled } from './controlled.ts';

/** What the caches of all blocks hold for a name. @throws NameError */
export function cachedReplies({ instance }: Controlled, text: string): readonly CachedReply[] {
  const name = foldName(parseUnicodeName(text));
  return (instance?.offered(CACHE) ?? []).flatMap((cache) => cache.find(name));
}

/** Forgets replies in the caches of all blocks. @throws NameError */
export function flushCaches({ instance }: Controlled, { name: text, subtree = false }: FlushRequest): FlushResult {
  const name = text === undefined ? undefined : foldName(parseUnicodeName(text));
  const isMeant = (held: string) => name === undefined || held === name || (subtree && isAtOrBelow(held, name));
  let flushed = 0;
  for (const cache of instance?.offered(CACHE) ?? []) flushed += cache.flush(isMeant);
  return { flushed };
}
