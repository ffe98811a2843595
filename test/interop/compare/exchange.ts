import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { type Message, type Question, queryMessage } from '../../../src/dns/message.ts';
import { decodeMessage } from '../../../src/dns/wire/decode.ts';
import { encodeMessage } from '../../../src/dns/wire/encode.ts';
import { exchangeTcp } from '../../support/ask.ts';

const EDNS = { udpSize: 1232, version: 0, do: false, options: [] };
const WINDOW = 64;
const RETRY_MS = 1000;
const TRIES = 8;

export interface Address {
  readonly host: string;
  readonly port: number;
}

/**
 * Asks a server all questions, with RD and EDNS, and gives the replies in their order. What came truncated over UDP is asked
 * again over TCP.
 *
 * @throws Error if one is not answered however often it is asked.
 */
export async function askAll(server: Address, questions: readonly Question[]): Promise<Message[]> {
  const replies = await askOverUdp(server, questions);
  for (const [i, { tc }] of replies.entries()) if (tc) replies[i] = await askOverTcp(server, questions[i]!);
  return replies;
}

/** Asks over TCP, where nothing is left out of a reply. */
export async function askOverTcp({ host, port }: Address, question: Question): Promise<Message> {
  return decodeMessage(await exchangeTcp(host, port, encodeQuery(question, 0)));
}

function encodeQuery(question: Question, id: number): Uint8Array {
  return encodeMessage({ ...queryMessage(question), id: id & 0xffff, edns: EDNS });
}

async function askOverUdp({ host, port }: Address, questions: readonly Question[]): Promise<Message[]> {
  const socket = createSocket({ type: host.includes(':') ? 'udp6' : 'udp4', recvBufferSize: 1 << 20 });
  socket.connect(port, host);
  await once(socket, 'connect');
  const replies: Message[] = [];
  /** By the id that each was asked with. */
  const open = new Map<number, { at: number; sentMs: number; tries: number }>();
  let next = 0;
  let failed: (error: Error) => void = () => {};
  const send = (at: number, tries: number) => {
    open.set(at & 0xffff, { at, sentMs: Date.now(), tries });
    socket.send(encodeQuery(questions[at]!, at));
  };
  const fill = () => {
    while (open.size < WINDOW && next < questions.length) send(next++, 1);
  };
  const again = () => {
    for (const { at, sentMs, tries } of open.values()) {
      if (Date.now() - sentMs < RETRY_MS) continue;
      if (tries >= TRIES) return failed(new Error(`${host}:${port} does not answer ${questions[at]!.name}`));
      send(at, tries + 1);
    }
  };
  const timer = setInterval(again, RETRY_MS / 4);
  try {
    await new Promise<void>((resolve, reject) => {
      failed = reject;
      socket.on('message', (octets) => {
        const reply = decodeMessage(octets);
        const asked = open.get(reply.id);
        if (asked === undefined) return;
        open.delete(reply.id);
        replies[asked.at] = reply;
        if (next === questions.length && open.size === 0) resolve();
        else fill();
      });
      socket.on('error', () => {});
      if (questions.length === 0) resolve();
      fill();
    });
  } finally {
    clearInterval(timer);
    socket.close();
  }
  return replies;
}
