import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { Rcode } from '../../src/dns/message.ts';
import { plugins } from '../../src/plugins.ts';
import { corefileSource } from '../../src/server/configuration/corefile-source.ts';
import { Server } from '../../src/server/server.ts';
import { answering, startUpstream } from './upstream.ts';

const FOLDER = resolve(import.meta.dirname, '../acceptance');

/** One line of the acceptance table: what must be answered to a question. */
export interface AcceptanceRow {
  readonly text: string;
  readonly name: string;
  readonly type: string;
  readonly rcode: string;
  /** The rdata of the answer, sorted, as zone-file text. */
  readonly answers: readonly string[];
}

export const acceptanceRows: readonly AcceptanceRow[] = linesOf(`${FOLDER}/expected.txt`).map(readRow);

/** The rows of a table, without comments. */
function linesOf(file: string): readonly string[] {
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));
}

/** Answers with blanks are in quotes; those with double quotes in them, in single ones. */
function readRow(text: string): AcceptanceRow {
  const [, name, type, rcode, rest] = /^(\S+) (\S+) => (\S+) ?(.*)$/.exec(text) as unknown as string[];
  const words = rest!.match(/'[^']*'|"[^"]*"|\S+/g) ?? [];
  const answers = words.map((word) => (type === 'TXT' ? word : word.replace(/^(['"])(.*)\1$/, '$2'))).toSorted();
  return { text, name: name!, type: type!, rcode: rcode!, answers };
}

/** Serves the acceptance cluster with its Corefile as it is, but for ports that may be taken; the upstream says NXDOMAIN to all. */
export async function startAcceptance(): Promise<{ readonly port: number; stop(): Promise<void> }> {
  const upstream = await startUpstream(answering([], { rcode: Rcode.NXDOMAIN }));
  const text = readFileSync(`${FOLDER}/Corefile`, 'utf8')
    .replace('.:1053', '.')
    .replace(/127\.0\.0\.1:(8080|8181|9153)/g, '127.0.0.1:0')
    .replaceAll('127.0.0.1:10530', upstream.endpoint)
    .replace('lameduck 5s', '');
  const source = corefileSource({ file: `${FOLDER}/Corefile`, text, plugins, dnsPort: 0 });
  const server = new Server({ source, sink: () => {} });
  await server.start();
  return {
    port: server.listening[0]!.port,
    async stop() {
      await server.shutdown();
      await upstream.close();
    },
  };
}

/** The examples of declared names: folders of `examples` with a Corefile, manifests, and what must be answered. */
export const EXAMPLES = ['ingress', 'gateway', 'dnsendpoint'] as const;
export type Example = (typeof EXAMPLES)[number];

/** A row of an example's table: the port says which block of its Corefile is asked. */
export interface ExampleRow extends AcceptanceRow {
  readonly example: Example;
  readonly port: string;
}

const folderOf = (example: Example) => resolve(import.meta.dirname, '../../examples', example);

export const exampleRows: readonly ExampleRow[] = EXAMPLES.flatMap((example) =>
  linesOf(`${FOLDER}/${example}.txt`).map((line) => {
    const [, port, rest] = /^(\d+) (.*)$/.exec(line) as unknown as string[];
    return { example, port: port!, ...readRow(rest!) };
  }),
);

/** Serves the blocks of an example, each at a free port in the place of the one that it names. */
export async function startExample(
  example: Example,
): Promise<{ readonly ports: ReadonlyMap<string, number>; stop(): Promise<void> }> {
  const file = `${folderOf(example)}/Corefile`;
  const ports = new Map<string, number>();
  const servers: Server[] = [];
  for (const block of readFileSync(file, 'utf8').split(/(?<=^\}\n)/m)) {
    const [keys = '', port = ''] = /^\S.*:(\d+) \{$/m.exec(block) ?? [];
    const text = block.replace(keys, keys.replaceAll(`:${port}`, ''));
    const server = new Server({ source: corefileSource({ file, text, plugins, dnsPort: 0 }), sink: () => {} });
    await server.start();
    servers.push(server);
    ports.set(port, server.listening[0]!.port);
  }
  return { ports, stop: async () => void (await Promise.all(servers.map((server) => server.shutdown()))) };
}
