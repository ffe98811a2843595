import { connect, createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';
import { Control, ControlReader, encodeControl } from '../../src/net/frame-stream/control.ts';
import { CONTENT_TYPE } from '../../src/plugins/dnstap/message.ts';

/** A program that reads a frame stream. */
export interface TapReader {
  /** The frames so far, of all connections. */
  readonly frames: readonly Buffer[];
  /** The control frames of the writer so far, by their types. */
  readonly controls: readonly number[];
  /** How many connections there were. */
  readonly connections: number;
  /** Where it listens, if it does. */
  readonly port: number;
  /** Stops reading, and goes on with it. */
  pause(): void;
  resume(): void;
  /** Breaks all connections. */
  hangUp(): void;
  close(): Promise<void>;
}

export interface TapReaderOptions {
  /** What it says that it takes. */
  readonly accepts?: string;
  /** Whether it answers nothing. */
  readonly isSilent?: boolean;
  readonly tls?: TlsOptions;
}

/** Lets writers connect at a path or a free port. */
export async function startTapReader(at: string | 0, options: TapReaderOptions = {}): Promise<TapReader> {
  const { reader, sockets, take } = createReader(options);
  const server: Server = options.tls ? createTlsServer(options.tls, take) : createServer(take);
  server.on('tlsClientError', () => {});
  await new Promise<void>((resolve) =>
    at === 0 ? server.listen(0, '127.0.0.1', resolve) : server.listen(at, resolve),
  );
  const address = server.address();
  return Object.assign(reader, {
    port: typeof address === 'object' && address ? address.port : 0,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  });
}

/** Connects to a writer that listens. */
export function readTapAt(open: () => Socket = () => connect(0), options: TapReaderOptions = {}): TapReader {
  const { reader, take } = createReader(options);
  take(open());
  return reader;
}

function createReader({ accepts = CONTENT_TYPE, isSilent = false }: TapReaderOptions) {
  const frames: Buffer[] = [];
  const controls: number[] = [];
  const sockets = new Set<Socket>();
  let connections = 0;
  const take = (socket: Socket) => {
    connections++;
    sockets.add(socket);
    socket.on('error', () => {}).on('close', () => sockets.delete(socket));
    const control = (frame: Buffer) => {
      const reader = new ControlReader();
      reader.push(frame);
      const { type } = reader.next()!;
      controls.push(type);
      if (type === Control.READY && !isSilent) socket.write(encodeControl(Control.ACCEPT, accepts));
      if (type === Control.STOP) socket.end(encodeControl(Control.FINISH));
    };
    let held = Buffer.alloc(0);
    socket.on('data', (chunk: Buffer) => {
      held = Buffer.concat([held, chunk]);
      for (let end = endOfFrame(held); end <= held.length; end = endOfFrame(held)) {
        if (held.readUInt32BE(0) === 0) control(held.subarray(0, end));
        else frames.push(Buffer.from(held.subarray(4, end)));
        held = held.subarray(end);
      }
    });
  };
  const reader: TapReader = {
    frames,
    controls,
    get connections() {
      return connections;
    },
    port: 0,
    pause() {
      for (const socket of sockets) socket.pause();
    },
    resume() {
      for (const socket of sockets) socket.resume();
    },
    hangUp() {
      for (const socket of sockets) socket.destroy();
    },
    async close() {
      for (const socket of sockets) socket.destroy();
    },
  };
  return { reader, sockets, take };
}

/** Where the first frame ends, as far as that can be read. */
function endOfFrame(octets: Buffer): number {
  if (octets.length < 4) return Number.POSITIVE_INFINITY;
  const length = octets.readUInt32BE(0);
  if (length > 0) return 4 + length;
  return octets.length < 8 ? Number.POSITIVE_INFINITY : 8 + octets.readUInt32BE(4);
}

/** The contents of a file that programs such as dnstap-read read. */
export function frameStreamFile(frames: readonly Buffer[]): Buffer {
  const framed = frames.flatMap((frame) => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(frame.length);
    return [length, frame];
  });
  return Buffer.concat([encodeControl(Control.START, CONTENT_TYPE), ...framed, encodeControl(Control.STOP)]);
}
