import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import type { UpstreamCounts } from './upstream-process.ts';

/** The name server outside of the cluster. It is a separate process, so that the server under test does not wait for the attacker. */
export interface Upstream {
  /** `ADDRESS:PORT` */
  readonly endpoint: string;
  /** The counts since the last call. */
  counts(): Promise<UpstreamCounts>;
  close(): void;
}

export async function startUpstream(): Promise<Upstream> {
  const child = fork(resolve(import.meta.dirname, 'upstream-process.ts'), { execArgv: [] });
  const port = await nextMessage<number>(child);
  return {
    endpoint: `127.0.0.1:${port}`,
    counts() {
      child.send('counts');
      return nextMessage(child);
    },
    close: () => child.kill(),
  };
}

/** @throws Error if the process ends without one */
export async function nextMessage<T>(child: ChildProcess): Promise<T> {
  const over = new AbortController();
  const { signal } = over;
  const ended = once(child, 'exit', { signal }).then(([code]) => {
    throw new Error(`the process ended with status ${code}`);
  });
  const [message] = await Promise.race([once(child, 'message', { signal }), ended]);
  ended.catch(() => {});
  over.abort();
  return message;
}
