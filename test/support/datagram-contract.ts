import { createSocket, type RemoteInfo } from 'node:dgram';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Peer, Receiver, SendResponse, TransportListener } from '../../src/net/transport.ts';
import type { Clock } from '../../src/observe/clock.ts';
import { createLogger, type Logger } from '../../src/observe/log.ts';
import { fakeClock } from './clock.ts';

/** Opens the transport under test. */
export type OpenDatagrams = (
  options: { address?: string; port: number; clock: Clock; log: Logger },
  receive: Receiver,
) => Promise<TransportListener>;

/** How many small datagrams fit into any socket's buffer at a time. */
const FLIGHT = 200;

export const silentLog = createLogger(() => {});

/** A client that asks from a port of its own, and notices where replies come from. */
export function datagramClient(address: string) {
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
  onTestFinished(() => void socket.close());
  const send = (text: string | Buffer, port: number) => void socket.send(text, port, address);
  const receive = async (): Promise<{ bytes: Buffer; from: RemoteInfo }> => {
    const [bytes, from] = await once(socket, 'message');
    return { bytes, from };
  };
  const ask = async (text: string | Buffer, port: number) => {
    send(text, port);
    return receive();
  };
  return { send, receive, ask, port: () => socket.address().port };
}

/** The machine's addresses that a client of the same machine may ask: loopback, and one of its own of each family. */
const askable = (): string[] => {
  const infos = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  const others = infos.filter(({ address, internal }) => !internal && !address.startsWith('fe80:'));
  const loopback = infos.filter(({ internal }) => internal);
  return [...new Set([...loopback, ...others].map(({ address }) => address))];
};

/** What every transport for datagrams must do, however it does it. */
export function datagramContract(name: string, open: OpenDatagrams): void {
  const listen = async (receive: Receiver, options: { address?: string; port?: number; clock?: Clock } = {}) => {
    const listener = await open(
      { address: '127.0.0.1', port: 0, clock: fakeClock(), log: silentLog, ...options },
      receive,
    );
    onTestFinished(() => listener.close(0));
    return listener;
  };
  const echo: Receiver = ({ bytes }) => Buffer.concat([Buffer.from('re: '), bytes]);

  describe(`${name}: the contract of datagram transports`, () => {
    test('port 0 means a free port, which is told', async () => {
      const { port } = await listen(echo);
      expect(port).toBeGreaterThan(0);
      const { bytes } = await datagramClient('127.0.0.1').ask('hello', port);
      expect(bytes.toString()).toBe('re: hello');
    });

    test('the receiver learns who asked and which address was asked', async () => {
      const seen: { client: Peer; local: Peer }[] = [];
      const { port } = await listen(({ client, local }) => {
        seen.push({ client, local });
        return Buffer.from(JSON.stringify(client.port));
      });
      const { bytes } = await datagramClient('127.0.0.1').ask('hello', port);
      const clientPort = JSON.parse(bytes.toString());
      expect(seen).toEqual([
        { client: { address: '127.0.0.1', port: clientPort }, local: { address: '127.0.0.1', port } },
      ]);
    });

    test('no reply is sent when the receiver has none, and the next one is answered', async () => {
      const { port } = await listen((incoming) => (incoming.bytes[0] === 0x78 ? undefined : echo(incoming)));
      const client = datagramClient('127.0.0.1');
      client.send('x', port);
      expect((await client.ask('y', port)).bytes.toString()).toBe('re: y');
    });

    test('1,000 datagrams get 1,000 replies', async () => {
      const { port } = await listen(echo);
      const client = datagramClient('127.0.0.1');
      const replies = new Set<string>();
      for (let i = 0; i < 1000; i++) replies.add((await client.ask(`query ${i}`, port)).bytes.toString());
      expect(replies.size).toBe(1000);
    });

    test('a burst is answered too', async () => {
      const { port } = await listen(echo);
      const client = datagramClient('127.0.0.1');
      for (let i = 0; i < 100; i++) client.send(`query ${i}`, port);
      const replies = new Set<string>();
      while (replies.size < 100) replies.add((await client.receive()).bytes.toString());
      expect(replies).toContain('re: query 99');
    });

    test('10,000 datagrams, hundreds at a time, get 10,000 replies', async () => {
      const { port } = await listen(echo);
      const client = datagramClient('127.0.0.1');
      const replies = new Set<string>();
      while (replies.size < 10_000) {
        const flight = replies.size + FLIGHT;
        for (let i = replies.size; i < flight; i++) client.send(`query ${i}`, port);
        while (replies.size < flight) replies.add((await client.receive()).bytes.toString());
      }
      expect(replies).toContain('re: query 9999');
    });

    test('replies at once, later in the same turn, and turns later do not get mixed up', async () => {
      const { port } = await listen((incoming) => {
        const reply = echo(incoming)!;
        const which = Number(incoming.bytes.at(-1)) % 3;
        if (which === 0) return reply;
        const send = incoming.defer();
        if (which === 1) Promise.resolve(reply).then(send);
        else setImmediate(() => setImmediate(send, reply));
        return undefined;
      });
      const clients = Array.from({ length: 10 }, () => datagramClient('127.0.0.1'));
      const ask = async (client: (typeof clients)[number], k: number) => {
        for (let i = 0; i < 30; i++) {
          const { bytes } = await client.ask(`client ${k}, query ${i}`, port);
          expect(bytes.toString()).toBe(`re: client ${k}, query ${i}`);
        }
      };
      await Promise.all(clients.map(ask));
    });

    test('what the receiver kept of a datagram stays as it was', async () => {
      const kept: Peer[] = [];
      const { port } = await listen((incoming) => {
        kept.push(incoming.client);
        return echo(incoming);
      });
      const ports: number[] = [];
      for (let i = 0; i < 3; i++) {
        const client = datagramClient('127.0.0.1');
        await client.ask('hello', port);
        ports.push(client.port());
      }
      expect(kept).toEqual(ports.map((port) => ({ address: '127.0.0.1', port })));
    });

    test('late replies go to those who asked, in any order, once', async () => {
      const waiting = new Map<string, SendResponse>();
      const { port } = await listen((incoming) => {
        waiting.set(Buffer.from(incoming.bytes).toString(), incoming.defer());
        if (waiting.size < 3) return undefined;
        for (const [text, send] of [...waiting].reverse()) {
          send(text === 'none' ? undefined : Buffer.from(`late ${text}`));
          send(Buffer.from('twice'));
        }
        return undefined;
      });
      const [none, one, two] = [0, 1, 2].map(() => datagramClient('127.0.0.1'));
      const replies = [one!.receive(), two!.receive()];
      none!.send('none', port);
      one!.send('one', port);
      two!.send('two', port);
      expect((await Promise.all(replies)).map(({ bytes }) => bytes.toString())).toEqual(['late one', 'late two']);
    });

    test.each([512, 4096, 8192, 65_000])(
      'a datagram of %i octets comes whole, and so does its reply',
      async (octets) => {
        const { port } = await listen(({ bytes }) => Buffer.from(bytes).reverse());
        const sent = Buffer.from(Array.from({ length: octets }, (_, i) => i % 251));
        const { bytes } = await datagramClient('127.0.0.1').ask(sent, port);
        expect(bytes.equals(sent.reverse())).toBe(true);
      },
    );

    test('a reply that cannot be sent costs nobody else anything', async () => {
      const { port } = await listen(({ bytes }) => (bytes[0] === 0x78 ? Buffer.alloc(70_000) : Buffer.from(bytes)));
      const client = datagramClient('127.0.0.1');
      client.send('x', port);
      expect((await client.ask('y', port)).bytes.toString()).toBe('y');
    });

    test.each(askable())('on a wildcard, the reply to what was sent to %s comes from there', async (address) => {
      const locals: Peer[] = [];
      const listener = await open({ port: 0, clock: fakeClock(), log: silentLog }, (incoming) => {
        locals.push(incoming.local);
        return echo(incoming);
      });
      onTestFinished(() => listener.close(0));
      const { bytes, from } = await datagramClient(address).ask('hello', listener.port);
      expect(bytes.toString()).toBe('re: hello');
      expect({ address: from.address, port: from.port }).toEqual({ address, port: listener.port });
      expect(locals).toEqual([{ address, port: listener.port }]);
    });

    test('closing lets the replies out that are owed, and takes no more queries', async () => {
      let send: SendResponse | undefined;
      const received: string[] = [];
      const listener = await listen((incoming) => {
        received.push(Buffer.from(incoming.bytes).toString());
        send = incoming.defer();
        client.send('poke', listener.port);
        closed = listener.close();
        setImmediate(() => setImmediate(() => send!(Buffer.from('last'))));
        return undefined;
      });
      const client = datagramClient('127.0.0.1');
      let closed: Promise<void> | undefined;
      expect((await client.ask('first', listener.port)).bytes.toString()).toBe('last');
      await closed;
      expect(received).toEqual(['first']);
      expect(await listen(echo, { port: listener.port })).toMatchObject({ port: listener.port });
    });

    test('closing does not wait longer than the grace for a reply that never comes', async () => {
      const clock = fakeClock();
      let send: SendResponse | undefined;
      const { port, close } = await listen(
        (incoming) => {
          send = incoming.defer();
          return echo(incoming);
        },
        { clock },
      );
      await datagramClient('127.0.0.1').ask('hello', port);
      const closed = close(1000);
      clock.advance(1000);
      await closed;
      expect(() => send!(Buffer.from('too late'))).not.toThrow();
      expect(clock.timers).toBe(0);
    });

    test('an idle listener closes at once, and closing it twice is closing it once', async () => {
      const clock = fakeClock();
      const { close } = await open({ port: 0, clock, log: silentLog }, echo);
      await new Promise(setImmediate);
      await Promise.all([close(), close()]);
      await close();
      expect(clock.timers).toBe(0);
    });

    test.runIf(existsSync('/proc/self/fd'))(
      'listeners that come and go leave no descriptor and no thread',
      async () => {
        const cycle = async () => {
          const { port, close } = await open({ port: 0, clock: fakeClock(), log: silentLog }, echo);
          await resident.ask('hello', port);
          await close(0);
          await new Promise(setImmediate);
        };
        const resident = datagramClient('127.0.0.1');
        const count = (what: string) => readdirSync(`/proc/self/${what}`).length;
        await cycle();
        const before = [count('fd'), count('task')];
        for (let i = 0; i < 20; i++) await cycle();
        expect([count('fd'), count('task')]).toEqual(before);
      },
    );

    test.each([
      ['127.0.0.1', '127.0.0.1'],
      [undefined, undefined],
      [undefined, '127.0.0.1'],
      ['127.0.0.1', undefined],
      ['0.0.0.0', '0.0.0.0'],
    ])('with a listener on %s, a second one on %s and the same port is an error', async (first, second) => {
      const at = (address: string | undefined, port: number) => ({
        port,
        clock: fakeClock(),
        log: silentLog,
        ...(address !== undefined && { address }),
      });
      const { port, close } = await open(at(first, 0), echo);
      onTestFinished(() => close(0));
      await expect(open(at(second, port), echo)).rejects.toThrow(
        new RegExp(`cannot listen on UDP .*:${port}: it is already in use; stop the program that has it`),
      );
    });

    test('an address that the machine does not have is an error that says so', async () => {
      await expect(listen(echo, { address: '203.0.113.77' })).rejects.toThrow(
        'cannot listen on UDP 203.0.113.77:0: this machine does not have that address, or not yet',
      );
    });
  });
}
