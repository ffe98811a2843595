import { expect, onTestFinished } from 'vitest';
import { messageOf } from '../../src/base/errors.ts';
import { type Clock, systemClock } from '../../src/observe/clock.ts';
import type { LogLevel, LogSink } from '../../src/observe/log.ts';
import type { PluginDefinition } from '../../src/plugin/plugin.ts';
import { plugins as builtIn } from '../../src/plugins.ts';
import { type CorefileSource, corefileSource } from '../../src/server/configuration/corefile-source.ts';
import { rehearse } from '../../src/server/reload/rehearsal.ts';
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

/** Starts, and holds `cairn check` to the outcome: what it refuses is refused, for the same reason, and nothing else. */
async function startAsChecked(server: Server, source: CorefileSource): Promise<void> {
  const [checked] = await Promise.allSettled([(async () => rehearse(source.load().configuration))()]);
  const [started] = await Promise.allSettled([server.start()]);
  if (checked.status === 'rejected') {
    const reason = started.status === 'rejected' ? messageOf(started.reason) : 'nothing: it started';
    expect(reason, 'the start refuses what check refuses').toBe(messageOf(checked.reason));
  }
  if (started.status === 'rejected') throw started.reason;
}

/** Starts a server for a Corefile's text; keys without a port listen on a free one, relative imports start at `file`. */
export async function startServer(
  text: string,
  options: {
    file?: string;
    env?: Record<string, string>;
    clock?: Clock;
    random?: () => number;
    /** In chain order, in place of the built-in ones. */
    plugins?: readonly PluginDefinition[];
    logLevel?: LogLevel;
    /** Gets the lines, too. */
    sink?: LogSink;
  } = {},
): Promise<TestServer> {
  const { file = 'Corefile', env = {}, clock = systemClock, random = Math.random, plugins = builtIn } = options;
  const { logLevel = 'info', sink } = options;
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
    logLevel,
    sink(level, line, record) {
      lines.push(line);
      sink?.(level, line, record);
    },
    onFatal: (message) => fatals.push(message),
  });
  onTestFinished(() => server.shutdown());
  await startAsChecked(server, source);
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
