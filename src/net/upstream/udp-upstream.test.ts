import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { fakeClock } from '../../../test/support/clock.ts';
import { printReply, testMessage } from '../../../test/support/query.ts';
import {
  answering,
  answerTo,
  refusedPort,
  type ScriptedUpstream,
  startUpstream,
} from '../../../test/support/upstream.ts';
import { decodeMessage } from '../../dns/wire/decode.ts';
import { encodeMessage } from '../../dns/wire/encode.ts';
import { loadMachinery } from '../native/batched-udp.ts';
import type { UdpKind } from '../transport.ts';
import { type Hold, UpstreamError } from './error.ts';
import { createSocketBudget } from './socket-budget.ts';
import { createUdpUpstream } from './udp-upstream.ts';

const RECORD = 'example.org. 60 IN A 192.0.2.1';
const query = testMessage('example.org. A');
const octets = encodeMessage(query);

const clock = fakeClock();
const sockets = createSocketBudget(2);
let upstream: ScriptedUpstream;

beforeEach(async () => {
  upstream = await startUpstream(answering([RECORD]));
});

afterEach(async () => {
  expect([sockets.size, clock.timers]).toEqual([0, 0]);
  await upstream.close();
});

const kinds: readonly UdpKind[] = (await loadMachinery()) ? ['batched', 'portable'] : ['portable'];

describe.each(kinds)('%s', (kind) => {
  const exchange = (port = upstream.port, sourceAddress?: string) => {
    const { exchange, close } = createUdpUpstream(
      { address: '127.0.0.1', port },
      { kind, clock, sockets, sourceAddress },
    );
    return exchange(octets, 2000, (reply) => Uint8Array.from(reply)).finally(close);
  };

  test('the reply comes back, and the query went out unchanged but for its id', async () => {
    expect(printReply(decodeMessage(await exchange()))).toBe(`NOERROR ra\n${RECORD}`);
    expect(upstream.received[0]!.octets.slice(2)).toEqual(new Uint8Array(octets.subarray(2)));
  });

  test('every query has its own port and id', async () => {
    for (let i = 0; i < 20; i++) await exchange();
    expect(new Set(upstream.received.map(({ peer }) => peer.port)).size).toBeGreaterThan(15);
    expect(new Set(upstream.received.map(({ message }) => message.id)).size).toBeGreaterThan(15);
  });

  test('what does not answer the query is passed over', async () => {
    upstream.on(({ message, reply }) => {
      reply(answerTo(message, [], { id: message.id ^ 1 }));
      reply(answerTo(message, [], testMessage('example.com. A', { id: message.id })));
      reply(message);
      reply(Buffer.from('garbage'));
      reply(answerTo(message, [RECORD]));
    });
    expect(printReply(decodeMessage(await exchange()))).toBe(`NOERROR ra\n${RECORD}`);
  });

  test('silence ends in a time-out, and a reply that is late changes nothing', async () => {
    upstream.on(() => {});
    const outcome = expect(exchange()).rejects.toMatchObject({
      reason: 'timeout',
      message: expect.stringMatching(/^read udp 127\.0\.0\.1:\d+->127\.0\.0\.1:\d+: i\/o timeout$/),
    });
    const received = await upstream.query(0);
    clock.advance(1999);
    expect(sockets.size).toBe(1);
    clock.advance(1);
    await outcome;
    received.reply(answerTo(received.message, [RECORD]));
  });

  test('a port where nobody listens fails at once', async () => {
    await expect(exchange(await refusedPort())).rejects.toMatchObject({
      reason: 'refused',
      message: expect.stringMatching(/^read udp .*: read: connection refused$/),
    });
  });

  test('no more sockets are open than the budget has: the one that has waited longest is closed', async () => {
    upstream.on(() => {});
    const waiting = [exchange(), exchange(), exchange()];
    await expect(waiting[0]).rejects.toMatchObject({ reason: 'limit' });
    expect(sockets.size).toBe(2);
    const outcomes = Promise.allSettled(waiting.slice(1));
    clock.advance(2000);
    expect((await outcomes).map((outcome) => outcome.status === 'rejected' && outcome.reason.reason)).toEqual([
      'timeout',
      'timeout',
    ]);
  });

  test('a query can be given up, once', async () => {
    upstream.on(() => {});
    const { exchange, close } = createUdpUpstream(
      { address: '127.0.0.1', port: upstream.port },
      { kind, clock, sockets },
    );
    const hold: Hold = { cancel: undefined };
    const outcome = expect(exchange(octets, 2000, (reply) => reply, hold)).rejects.toThrow('enough');
    await upstream.query(0);
    hold.cancel!(new UpstreamError('limit', 'enough'));
    await outcome;
    expect(hold.cancel).toBeUndefined();
    close();
  });

  test('queries come from the source address', async () => {
    await exchange(upstream.port, '127.0.0.2');
    expect(upstream.received[0]!.peer.address).toBe('127.0.0.2');
  });

  test('a source address that this machine does not have is an error', async () => {
    await expect(exchange(upstream.port, '192.0.2.1')).rejects.toMatchObject({ reason: 'other' });
  });
});
