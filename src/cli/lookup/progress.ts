import { printType } from '../../dns/rr.ts';
import { decodeMessage } from '../../dns/wire/decode.ts';
import { printPeer } from '../../net/transport.ts';
import type { Clock } from '../../observe/clock.ts';
import type { Telling } from './record.ts';
import { outcomeOf, printTime, WHAT_WIDTH } from './trace.ts';
import type { View } from './view.ts';

/** After this time, the user learns what is waited for. */
const SILENCE_MS = 1000;

/** The queries of a lookup while it is under way. */
export interface Progress {
  readonly exchange: Telling;
  /** Every query so far with what came back, a line each. */
  print(): string;
  /** The same for `--json`. */
  queries(): readonly object[];
}

interface Sent {
  readonly name: string;
  readonly type: string;
  readonly server: string;
  readonly sentMs: number;
  /** Undefined while the response is awaited. */
  answered: { readonly ms: number; readonly what: readonly string[] } | undefined;
}

/** Follows the exchanges of a lookup. `tell` gets a line for each server that is silent. */
export function followExchanges(
  { exchange, nameOf = printPeer }: Pick<View, 'exchange' | 'nameOf'>,
  clock: Clock,
  tell: (line: string) => void,
): Progress {
  const sent: Sent[] = [];
  const silent = new Set<string>();
  return {
    async exchange(...asked) {
      const [message, to] = asked;
      const [question] = decodeMessage(message).questions;
      const [server, type] = [nameOf(to), printType(question!.type)];
      const query: Sent = { name: question!.name, type, server, sentMs: clock.monotonic(), answered: undefined };
      sent.push(query);
      const timer = clock.after(SILENCE_MS, () => {
        if (!silent.has(server)) tell(`${server} has not responded for ${SILENCE_MS / 1000} s; waiting`);
        silent.add(server);
      });
      try {
        const told = await exchange(...asked);
        if (told.octets)
          query.answered = { ms: clock.monotonic() - query.sentMs, what: outcomeOf(decoded(told.octets), type) };
        return told;
      } finally {
        timer.cancel();
      }
    },

    print: () => sent.map(printSent).join(''),
    queries: () =>
      sent.map(({ name, type, server, answered }) => ({
        ...{ name, type, server, response: answered?.what ?? null },
        ...(answered && { elapsedMs: answered.ms }),
      })),
  };
}

function printSent({ name, type, server, answered }: Sent): string {
  const start = `  ${name}  ${type.padEnd(5)} `;
  if (!answered) return `${start}no response from ${server}\n`;
  const [what = '', ...more] = answered.what;
  const first = `${start}${printTime(answered.ms)}  ${what.padEnd(WHAT_WIDTH)}`.trimEnd();
  return [first, ...more.map((record) => `${' '.repeat(start.length)}${record}`), ''].join('\n');
}

function decoded(octets: Uint8Array) {
  try {
    return decodeMessage(octets);
  } catch {
    return undefined;
  }
}
