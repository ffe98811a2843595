import type { CachedReply, FlushRequest, FlushResult } from '../../admin/protocol/index.ts';
import { counted } from '../../base/counted.ts';
import type { CacheAction, CacheValues } from '../commands/cache.ts';
import { printJson, printLine } from '../terminal.ts';
import { UsageError } from '../usage.ts';
import { ask, change } from './client.ts';

/** `cairn cache`. The result is the exit status. */
export async function cache(
  action: CacheAction,
  name: string | undefined,
  type: string | undefined,
  values: CacheValues,
): Promise<number> {
  return action === 'get' ? get(name, type, values) : flush(name, type, values);
}

async function get(name: string | undefined, type: string | undefined, values: CacheValues): Promise<number> {
  if (name === undefined) throw new UsageError('NAME is missing', 'write cairn cache get NAME');
  if (values.all || values.subtree) throw new UsageError('get shows one name', 'leave --all and --subtree out');
  const query = new URLSearchParams({ name, ...(type !== undefined && { type }) });
  const replies = await ask<readonly CachedReply[]>(values, '/v1/cache', query);
  if (values.json) process.stdout.write(printJson(replies));
  else if (replies.length === 0)
    printLine(`no cache holds a reply for ${name}${type === undefined ? '' : ` ${type}`}`, process.stdout);
  else for (const reply of replies) printReply(reply);
  return replies.length > 0 ? 0 : 1;
}

function printReply(reply: CachedReply): void {
  printLine(headOf(reply), process.stdout, 'bold');
  for (const record of [...reply.answer, ...reply.authority]) {
    printLine(`  ${record.replaceAll('\t', ' ')}`, process.stdout);
  }
}

/** `www.example.org. A: NOERROR, kept 6 s ago, fresh for 24 s, 12 hits (DO; zones .)` */
export function headOf({ name, type, rcode, flags, zones, ...reply }: CachedReply): string {
  const { storedSecondsAgo, secondsLeft, hits } = reply;
  const left = secondsLeft > 0 ? `fresh for ${secondsLeft} s` : `stale for ${-secondsLeft} s`;
  const served = counted(hits, 'hit');
  const details = [...flags, `block of ${zones.join(' ')}`].join('; ');
  return `${name} ${type}: ${rcode}, kept ${storedSecondsAgo} s ago, ${left}, ${served} (${details})`;
}

async function flush(name: string | undefined, type: string | undefined, values: CacheValues): Promise<number> {
  const { flushed } = await change<FlushResult>(values, '/v1/cache/flush', whatToFlush(name, type, values));
  if (values.json) process.stdout.write(printJson({ flushed }));
  else
    printLine(
      flushed === 0 ? nothingIn(name) : `${flushed} ${flushed === 1 ? 'reply is' : 'replies are'} forgotten`,
      process.stdout,
    );
  return 0;
}

function nothingIn(name: string | undefined): string {
  return name === undefined ? 'the caches were empty' : `no cache held a reply for ${name}`;
}

/** @throws UsageError */
function whatToFlush(name: string | undefined, type: string | undefined, { all, subtree }: CacheValues): FlushRequest {
  if (type !== undefined)
    throw new UsageError(`unexpected argument "${type}"`, 'all types of a name are forgotten: leave it out');
  if (name === undefined && !all)
    throw new UsageError('NAME is missing', 'write cairn cache flush NAME, or cairn cache flush --all for everything');
  if (name !== undefined && all) throw new UsageError('give NAME or --all, not both', 'leave one of them out');
  if (name === undefined && subtree)
    throw new UsageError('--subtree needs a name', 'leave it out: --all is everything');
  return name === undefined ? {} : { name, ...(subtree && { subtree }) };
}
