import { once } from 'node:events';
import http from 'node:http';
import { createRequire } from 'node:module';
import net from 'node:net';
import * as grpc from '@grpc/grpc-js';
import { BSON, MongoClient } from 'mongodb';
import mysql from 'mysql2';
import { createConnection } from 'mysql2/promise';
import pg from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import { startShop } from '../../../test/support/shop-cluster.ts';
import type { ClusterObject, ServiceObject } from '../index.ts';

/** Without its types, which would change those of other packages. */
const ws: WebSockets = createRequire(import.meta.url)('ws');

/** How often a client that chooses by chance, or when it is ready, may choose the same server. */
const MAX_ATTEMPTS = 1000;

const AS = { as: { namespace: 'shop' } } as const;

const service = (name: string, spec: ServiceObject['spec'] & object): ClusterObject => ({
  kind: 'Service',
  metadata: { name, namespace: 'shop' },
  spec,
});

/** A headless service `app`, or one with a cluster IP, and two pods of it. */
function appOf(name: string, port: number, clusterIP = 'None'): ClusterObject[] {
  const pod = (i: number): ClusterObject => ({
    kind: 'Pod',
    metadata: { name: `${name}-${i}`, namespace: 'shop', labels: { app: name } },
    spec: { hostname: `${name}-${i}`, subdomain: name },
    status: { podIP: `10.244.7.${i}` },
  });
  return [service(name, { clusterIP, selector: { app: name }, ports: [{ name, port }] }), pod(1), pod(2)];
}

/** Enough of PostgreSQL's server: it logs in everybody, and answers each query with its name. */
function postgres(name: string): net.Server {
  const message = (type: string, ...parts: (Buffer | string)[]) => {
    const body = Buffer.concat(parts.map((part) => Buffer.from(part as string)));
    const head = Buffer.alloc(5);
    head.write(type);
    head.writeInt32BE(4 + body.length, 1);
    return Buffer.concat([head, body]);
  };
  const ready = message('Z', 'I');
  // A column of no table, of type text (25), of any length, as text.
  const column = Buffer.from('000000000000' + '00000019' + 'ffff' + 'ffffffff' + '0000', 'hex');
  const length = Buffer.alloc(4);
  length.writeInt32BE(name.length);
  const row = [
    message('T', Buffer.from([0, 1]), 'name\0', column),
    message('D', Buffer.from([0, 1]), length, name),
    message('C', 'SELECT 1\0'),
  ];
  return net.createServer((socket) => {
    socket.once('data', () => {
      socket.write(Buffer.concat([message('R', Buffer.alloc(4)), ready]));
      socket.on('data', (data) => {
        if (data[0] === 0x51) socket.write(Buffer.concat([...row, ready]));
        else socket.end();
      });
    });
  });
}

test('pg connects by name, and a pool takes turns', async () => {
  const cluster = await startShop({ objects: appOf('pg', 5432, '10.96.0.70') });
  await using _net = cluster.install({ ...AS, serve: { 'shop/pg-1': postgres('one'), 'shop/pg-2': postgres('two') } });
  const pool = new pg.Pool({ host: 'pg', user: 'shop', max: 2 });
  try {
    const clients = [await pool.connect(), await pool.connect()];
    const names = await Promise.all(clients.map(async (client) => (await client.query('SELECT name')).rows[0].name));
    expect(names).toEqual(['one', 'two']);
    for (const client of clients) client.release();
  } finally {
    await pool.end();
  }
  const unknown = new pg.Client({ connectionString: 'postgres://shop@gp/shop' });
  await expect(unknown.connect()).rejects.toThrow('has no service gp; did you mean pg?');
});

test('mysql2 connects by name', async () => {
  const cluster = await startShop({ objects: [service('sql', { clusterIP: '10.96.0.71', ports: [{ port: 3306 }] })] });
  const server = mysql.createServer((served: unknown) => {
    const connection = served as ServedConnection;
    // The server of mysql2 counts packets on, and takes a client that leaves for an error.
    const authCallback = (_: object, accept: (error: null) => void) => {
      accept(null);
      connection.sequenceId = 0;
    };
    const handshake = { protocolVersion: 10, serverVersion: '8.0', connectionId: 1, statusFlags: 2, characterSet: 8 };
    connection.serverHandshake({ ...handshake, capabilityFlags: 0xffffff ^ 0x800, authCallback });
    connection.on('query', () => {
      connection.sequenceId = 1;
      connection.writeTextResult([{ name: 'one' }], [NAME_COLUMN]);
    });
    connection.on('error', () => {});
  }) as unknown as { readonly _server: net.Server };
  await using _net = cluster.install({ ...AS, serve: { 'shop/sql': server._server } });
  const client = await createConnection({ host: 'sql.shop', user: 'shop' });
  onTestFinished(() => client.destroy());
  expect((await client.query('SELECT name'))[0]).toEqual([{ name: 'one' }]);
  await client.end();
});

interface ServedConnection extends NodeJS.EventEmitter {
  sequenceId: number;
  serverHandshake(options: object): void;
  writeTextResult(rows: readonly object[], columns: readonly object[]): void;
}

const NAME_COLUMN = {
  ...{ catalog: 'def', schema: '', table: '', orgTable: '', name: 'name', orgName: 'name', characterSet: 33 },
  ...{ columnLength: 64, columnType: 253, flags: 0, decimals: 0 },
};

/** Enough of MongoDB's `mongos`, of which a deployment may have several. */
function mongo(name: string): net.Server {
  const hello = {
    ...{ helloOk: true, isWritablePrimary: true, msg: 'isdbgrid', minWireVersion: 0, maxWireVersion: 21, ok: 1 },
    ...{ maxBsonObjectSize: 1 << 24, maxMessageSizeBytes: 48_000_000, maxWriteBatchSize: 100_000 },
  };
  return net.createServer((socket) => {
    let held = Buffer.alloc(0);
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      held = Buffer.concat([held, chunk]);
      while (held.length >= 4 && held.length >= held.readInt32LE()) {
        const message = held.subarray(0, held.readInt32LE());
        held = held.subarray(message.length);
        // OP_MSG: a head of 16 octets, flags, and a section with a document.
        const command = BSON.deserialize(message.subarray(21));
        const body = BSON.serialize('hello' in command ? hello : { ok: 1, name });
        const head = Buffer.alloc(21);
        head.writeInt32LE(head.length + body.length);
        head.writeInt32LE(message.readInt32LE(4), 8);
        head.writeInt32LE(2013, 12);
        socket.write(Buffer.concat([head, body]));
      }
    });
  });
}

test('mongodb finds the pods of a headless service by mongodb+srv', async () => {
  const cluster = await startShop({ objects: appOf('mongodb', 27_017) });
  const mark = cluster.mark();
  await using _net = cluster.install({
    ...AS,
    serve: { 'shop/mongodb-1': mongo('one'), 'shop/mongodb-2': mongo('two') },
  });
  const client = new MongoClient('mongodb+srv://mongodb.shop.svc.cluster.local/?tls=false', {
    serverApi: '1',
    serverSelectionTimeoutMS: 20_000,
  });
  try {
    const names = new Set<string>();
    for (let i = 0; i < MAX_ATTEMPTS && names.size < 2; i++)
      names.add((await client.db('shop').command({ ping: 1 })).name);
    expect([...names].sort()).toEqual(['one', 'two']);
  } finally {
    await client.close();
  }
  const asked = cluster.queries(mark).map(({ type, name }) => `${type} ${name}`);
  expect(asked).toContain('SRV _mongodb._tcp.mongodb.shop.svc.cluster.local.');
  expect(asked).toContain('TXT mongodb.shop.svc.cluster.local.');
});

const ECHO: grpc.ServiceDefinition<grpc.UntypedServiceImplementation> = {
  say: {
    path: '/shop.Echo/Say',
    ...{ requestStream: false, responseStream: false },
    ...{
      requestSerialize: Buffer.from,
      requestDeserialize: String,
      responseSerialize: Buffer.from,
      responseDeserialize: String,
    },
  } as grpc.MethodDefinition<string, string>,
};

/** The port of a gRPC server that answers with its name. */
async function grpcServer(name: string): Promise<number> {
  const server = new grpc.Server();
  server.addService(ECHO, {
    say: ((call, callback) => callback(null, `${name} ${call.request}`)) as grpc.handleUnaryCall<string, string>,
  });
  onTestFinished(() => server.forceShutdown());
  return new Promise((resolve, reject) => {
    const credentials = grpc.ServerCredentials.createInsecure();
    server.bindAsync('127.0.0.1:0', credentials, (error, port) => (error ? reject(error) : resolve(port)));
  });
}

function grpcClient(target: string, options: grpc.ClientOptions = {}) {
  const Client = grpc.makeGenericClientConstructor(ECHO, 'Echo');
  const client = new Client(target, grpc.credentials.createInsecure(), options);
  onTestFinished(() => client.close());
  return (text: string) =>
    new Promise<string>((resolve, reject) =>
      client.say!(text, { deadline: Date.now() + 20_000 }, (error: Error | null, answer: string) =>
        error ? reject(error) : resolve(answer),
      ),
    );
}

test('gRPC reaches a service by its cluster IP, in all forms of targets', async () => {
  const cluster = await startShop({ objects: appOf('grpc', 50_051, '10.96.0.72') });
  await using _net = cluster.install({ ...AS, serve: { 'shop/grpc': await grpcServer('server') } });
  for (const target of ['grpc.shop:50051', 'dns:grpc.shop:50051', 'dns:///grpc.shop:50051', 'ipv4:10.96.0.72:50051'])
    expect(await grpcClient(target)('hello')).toBe('server hello');
  await expect(grpcClient('dns:///crpg.shop:50051')('hello')).rejects.toThrow(
    'Name resolution failed for target dns:///crpg.shop:50051',
  );
});

test('gRPC balances over the pods of a headless service with round_robin', async () => {
  const cluster = await startShop({ objects: appOf('grpc', 50_051) });
  const serve = { 'shop/grpc-1': await grpcServer('one'), 'shop/grpc-2': await grpcServer('two') };
  await using _net = cluster.install({ ...AS, serve });
  const config = JSON.stringify({ loadBalancingConfig: [{ round_robin: {} }] });
  const say = grpcClient('dns:///grpc.shop:50051', { 'grpc.service_config': config });
  const names = new Set<string>();
  for (let i = 0; i < MAX_ATTEMPTS && names.size < 2; i++) names.add(await say('hello'));
  expect([...names].sort()).toEqual(['one hello', 'two hello']);
});

test('websockets connect by name, with the built-in client and that of ws', async () => {
  const cluster = await startShop();
  const server = http.createServer();
  new ws.WebSocketServer({ server }).on('connection', (socket) => socket.send('welcome'));
  await using _net = cluster.install({ ...AS, serve: { 'shop/web': server } });
  const builtIn = new WebSocket('ws://web/');
  const [event] = await once(builtIn, 'message');
  expect((event as MessageEvent).data).toBe('welcome');
  builtIn.close();
  const client = new ws.WebSocket('ws://web.shop.svc.cluster.local/');
  const [message] = await once(client, 'message');
  expect(`${message}`).toBe('welcome');
  client.close();
  await expect(once(new ws.WebSocket('ws://wbe/'), 'open')).rejects.toThrow('has no service wbe; did you mean web?');
});

interface WebSockets {
  readonly WebSocketServer: new (options: { server: http.Server }) => NodeJS.EventEmitter<{ connection: [WebSocket] }>;
  readonly WebSocket: new (url: string) => NodeJS.EventEmitter & { close(): void };
}
