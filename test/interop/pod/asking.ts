/**
 * Clients that ask without a pause worth the name: `node asking.ts ADDRESS NAME...`, until the input ends. Prints a line once each name was
 * answered, and at the end what came as JSON, an {@link Asking}.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { ask } from '../../support/ask.ts';

/** For each name, how often each outcome came: the rcode and the addresses in their order, or `lost`. */
export type Asking = Readonly<Record<string, Readonly<Record<string, number>>>>;

const CLIENTS = 4;
const PAUSE_MS = 2;

const [address = '', ...names] = process.argv.slice(2);
const outcomes: Record<string, Record<string, number>> = Object.fromEntries(names.map((name) => [name, {}]));
let goesOn = true;
process.stdin.on('end', () => (goesOn = false)).resume();
for (const name of names) await take(name, false);
process.stdout.write('asking\n');
await Promise.all(Array.from({ length: CLIENTS }, askOnAndOn));
process.stdout.write(`${JSON.stringify(outcomes)}\n`);

async function askOnAndOn(_: unknown, client: number): Promise<void> {
  for (let i = client; goesOn; i++) {
    await take(names[i % names.length]!, i % 8 === 7);
    await pause(PAUSE_MS);
  }
}

async function take(name: string, tcp: boolean): Promise<void> {
  const outcome = await outcomeOf(name, tcp);
  outcomes[name]![outcome] = (outcomes[name]![outcome] ?? 0) + 1;
}

async function outcomeOf(name: string, tcp: boolean): Promise<string> {
  try {
    const { rcode, answer } = await ask(53, name, 'A', { address, tcp });
    return [rcode, ...answer.toSorted()].join(' ');
  } catch {
    return 'lost';
  }
}
