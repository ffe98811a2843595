import { connect } from 'node:net';
import { resolve } from 'node:path';
import { encode } from 'dns-packet';
import { expect, onTestFinished, test } from 'vitest';
import { Opcode } from '../../src/dns/message.ts';
import { decodeMessage } from '../../src/dns/wire/decode.ts';
import { createFrames, frame } from '../../src/net/stream/frames.ts';
import { ask, questionPacket } from '../support/ask.ts';
import { startServer } from '../support/server.ts';
import { answering, startUpstream } from '../support/upstream.ts';

const CLUSTER = resolve(import.meta.dirname, '../acceptance/cluster.yaml');

const corefile = (to: string) => `. {
  bind 127.0.0.1
  log
  cache
  loadbalance
  transfer {
    to ${to}
  }
  kubernetes cluster.local {
    manifests ${CLUSTER}
  }
}`;

/** All messages of a transfer, up to the second SOA record. */
async function transfer(port: number, zone: string) {
  const socket = connect(port, '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  socket.write(frame(encode(questionPacket(zone, 'AXFR'))));
  const frames = createFrames();
  const messages: ReturnType<typeof decodeMessage>[] = [];
  const soaRecords = () => messages.flatMap(({ answer }) => answer).filter(({ type }) => type === 6).length;
  for await (const chunk of socket) {
    frames.push(chunk);
    for (let octets = frames.next(); octets; octets = frames.next()) messages.push(decodeMessage(octets));
    if (soaRecords() === 2) break;
  }
  return messages;
}

test('a zone is transferred through a whole chain, and logged when it is done', async () => {
  const { port, lines } = await startServer(corefile('*'));
  for (let i = 0; i < 3; i++) {
    const messages = await transfer(port, 'cluster.local');
    const answer = messages.flatMap((message) => message.answer);
    expect(messages[0]).toMatchObject({ aa: true, rcode: 0, questions: [{ name: 'cluster.local.', type: 252 }] });
    expect(answer.length).toBeGreaterThan(20);
    expect(answer.at(-1)).toEqual(answer[0]);
  }
  expect((await ask(port, 'cluster.local', 'AXFR', { tcp: false })).rcode).toBe('REFUSED');
  const logged = lines.filter((line) => line.includes('AXFR'));
  expect(logged).toEqual([
    ...Array(3).fill(
      expect.stringMatching(/"AXFR IN cluster\.local\. tcp \d+ false 65535" NOERROR qr,aa,rd [1-9]\d{3} /),
    ),
    expect.stringMatching(/"AXFR IN cluster\.local\. udp \d+ false 512" REFUSED qr,rd /),
  ]);
});

test('secondary servers are told once the server is up', async () => {
  const secondary = await startUpstream(answering());
  onTestFinished(() => secondary.close());
  const { port } = await startServer(corefile(secondary.endpoint));
  const { message } = await secondary.query(0);
  expect(message).toMatchObject({ opcode: Opcode.NOTIFY, aa: true, questions: [{ name: 'cluster.local.', type: 6 }] });
  expect(message.answer[0]!.data).toEqual((await ask(port, 'cluster.local', 'SOA')).message.answer[0]!.data);
});
