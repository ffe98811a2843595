import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startBenchServer } from './server.ts';

/** A name server outside of the cluster. */
export interface BenchUpstream {
  /** `ADDRESS:PORT` */
  readonly endpoint: string;
  close(): Promise<void>;
}

const ZONES = {
  'example.com': '*',
  '.': 'root-servers.test.',
};

/**
 * Starts a name server that has an IPv4 address for every name below example.com, and no other names. It is Cairn in a separate process, on the core
 * of the load generator, so that the servers under test do not wait for it.
 */
export async function startBenchUpstream(folder: string): Promise<BenchUpstream> {
  const blocks = Object.entries(ZONES).map(([zone, owner], i) => {
    const file = join(folder, `upstream-${i}.zone`);
    writeFileSync(file, `@ 3600 SOA ns hostmaster 1 7200 1800 86400 60\n@ 3600 NS ns\n${owner} 3600 A 198.51.100.1\n`);
    return `${zone} {\n  bind 127.0.0.1\n  file ${file}\n}\n`;
  });
  const corefile = join(folder, 'upstream.Corefile');
  writeFileSync(corefile, blocks.join(''));
  const server = await startBenchServer(corefile, [], {}, '1');
  return { endpoint: `127.0.0.1:${server.port}`, close: server.stop };
}
