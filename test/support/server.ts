import { onTestFinished } from 'vitest';
import { type Clock, systemClock } from '../../src/observe/clock.ts';
import { plugins } from '../../src/plugins.ts';
import { corefileSource } from '../../src/server/corefile-source.ts';
import { Server } from '../../src/server/server.ts';

/** A server on a free port of the machine, stopped when the test is over. */
export interface TestServer {
  readonly server: Server;
  readonly port: number;
  readonly lines: readonly string[];
  readonly fatals: readonly string[];
  /** Replaces the text that the next reload reads. */
  rewrite(text: string): void;
}

/** Starts a server for a Corefile's text; keys without a port listen on a free one, relative imports start at `file`. */
export async function startServer(
  text: string,
  options: { file?: string; env?: Record<string, string>; clock?: Clock; random?: () => number } = {},
): Promise<TestServer> {
  const { file = 'Corefile', env = {}, clock = systemClock, random = Math.random } = options;
  let current = text;
  const lines: string[] = [];
  const fatals: string[] = [];
  const source = {
    load: () => corefileSource({ file, text: current, plugins, dnsPort: 0, env }).load(),
  };
  const server = new Server({
    source,
    clock,
    random,
    sink: (_, line) => lines.push(line),
    onFatal: (message) => fatals.push(message),
  });
  onTestFinished(() => server.shutdown());
  await server.start();
  return {
    server,
    lines,
    fatals,
    get port() {
      return server.listening[0]!.port;
    },
    rewrite(next) {
      current = next;
    },
  };
}
