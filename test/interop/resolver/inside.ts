/**
 * Runs inside a network and mount namespace of its own: plays the servers 127.0.0.1 to 127.0.0.3 and lets a real resolver look
 * up each scenario's name. Standard input: `{ command, lines, scenarios }`; output: the questions that came, for each scenario.
 */
import { execFile, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import packet from 'dns-packet';
import { createFrames, frame } from '../../../src/net/stream/frames.ts';
import { type Asked, replyTo, type Scenario } from './scenario.ts';

export interface Job {
  readonly command: readonly string[];
  /** Whether one process takes names on standard input; otherwise each name has a process. */
  readonly lines: boolean;
  readonly scenarios: readonly Scenario[];
}

/** What was seen of one scenario. */
export interface Seen {
  readonly asked: readonly Asked[];
  readonly printed: string;
}

const SERVERS = ['127.0.0.1', '127.0.0.2', '127.0.0.3'];

let scenario: Scenario;
let asked: Asked[] = [];

function answer(message: Buffer, server: string, protocol: string): Buffer | undefined {
  const question = questionOf(message);
  if (!question) return undefined;
  const one: Asked = { name: question.name.toLowerCase(), type: question.type, server, protocol };
  asked.push(one);
  return replyTo(scenario, message, one);
}

/** Undefined for a query that cannot be read; musl 1.2.3 sends such ones. */
function questionOf(message: Buffer): { readonly name: string; readonly type: string } | undefined {
  try {
    return packet.decode(message).questions?.[0];
  } catch {
    return undefined;
  }
}

async function serve(server: string): Promise<void> {
  const udp = createSocket('udp4').on('message', (message, { port, address }) => {
    const reply = answer(message, server, 'udp');
    if (reply) udp.send(reply, port, address);
  });
  await new Promise<void>((resolve) => udp.bind(53, server, resolve));
  const tcp = createServer((socket) => {
    const frames = createFrames();
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk: Buffer) => {
      frames.push(chunk);
      for (let message = frames.next(); message; message = frames.next()) {
        const reply = answer(message, server, 'tcp');
        if (reply) socket.write(frame(reply));
      }
    });
  });
  await new Promise<void>((resolve) => tcp.listen(53, server, resolve));
}

function lookUp(job: Job): (name: string) => Promise<string> {
  const [program, ...args] = job.command;
  if (!job.lines) {
    return (name) => new Promise((resolve) => execFile(program!, [...args, name], (_, stdout) => resolve(stdout)));
  }
  const child = spawn(program!, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return async (name) => {
    child.stdin.write(`${name}\n`);
    return String((await lines.next()).value);
  };
}

const job: Job = JSON.parse(readFileSync(0, 'utf8'));
for (const server of SERVERS) await serve(server);
const look = lookUp(job);
const seen: Seen[] = [];
for (scenario of job.scenarios) {
  asked = [];
  writeFileSync('/etc/resolv.conf', scenario.resolvConf);
  const printed = await look(scenario.name);
  seen.push({ asked, printed: printed.trim() });
}
process.stdout.write(JSON.stringify(seen), () => process.exit());
