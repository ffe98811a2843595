import { cpSync, mkdirSync, mkdtempSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { library } from '../../scripts/library.ts';

const ROOT = resolve(import.meta.dirname, '../..');

/** Makes a folder as it is after `npm install`, with the package as it would be published and no network. */
export async function makePackageFolder(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'cairn-examples-'));
  const modules = join(folder, 'node_modules');
  mkdirSync(join(modules, 'cairn-dns'), { recursive: true });
  for (const name of readdirSync(join(ROOT, 'node_modules'))) {
    if (name !== '.package-lock.json') symlinkSync(join(ROOT, 'node_modules', name), join(modules, name));
  }
  cpSync(join(ROOT, 'package.json'), join(modules, 'cairn-dns/package.json'));
  await library(join(modules, 'cairn-dns/dist'));
  return folder;
}

/** Puts Node's own functions in the place of the kit's pods. */
export function withRealNode(page: string): void {
  const shim = join(page, 'node_modules/cairn-dns');
  mkdirSync(shim, { recursive: true });
  writeFileSync(join(shim, 'package.json'), '{"type": "module", "exports": {"./testing": "./testing.js"}}');
  const file = JSON.stringify(join(ROOT, 'test/interop/node-dns/real-node.ts'));
  writeFileSync(join(shim, 'testing.js'), `export { startCluster } from ${file};\n`);
}
