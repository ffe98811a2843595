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

export const acceptanceRows: readonly AcceptanceRow[] = readFileSync(`${FOLDER}/expected.txt`, 'utf8')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'))
  .map((text) => {
    const [, name, type, rcode, rest] = /^(\S+) (\S+) => (\S+) ?(.*)$/.exec(text) as unknown as string[];
    const words = rest!.match(/"[^"]*"|\S+/g) ?? [];
    const answers = words.map((word) => (type === 'TXT' ? word : word.replaceAll('"', ''))).toSorted();
    return { text, name: name!, type: type!, rcode: rcode!, answers };
  });

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
