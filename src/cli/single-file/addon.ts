import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getRawAsset } from 'node:sea';
import { getEnvironmentData, setEnvironmentData } from 'node:worker_threads';

/** Where threads find the path of the code that the main thread has loaded. */
const LOADED = 'cairn/koffi.node';

/**
 * Loads koffi's machine code; this takes the place of koffi's own module of that name. The system loads code only from files that have a name, so the
 * code is in a private folder for a moment. All threads load the same file: the code of another would leave the memory with its thread.
 *
 * @throws Error if no folder can be written to, or none allows code in it
 */
export function loadStatic(): unknown {
  const loaded = getEnvironmentData(LOADED);
  if (typeof loaded === 'string') return loadFrom(loaded);
  const reasons: unknown[] = [];
  for (const folder of [tmpdir(), '/var/tmp', '/dev/shm']) {
    try {
      return loadIn(folder);
    } catch (error) {
      reasons.push(error);
    }
  }
  throw new AggregateError(reasons, 'no folder for temporary files allows code in it');
}

function loadIn(parent: string): unknown {
  const folder = mkdtempSync(join(parent, 'cairn-koffi-'));
  let descriptor: number;
  try {
    const file = join(folder, 'koffi.node');
    writeFileSync(file, new Uint8Array(getRawAsset('koffi.node')));
    descriptor = openSync(file, 'r');
  } finally {
    rmSync(folder, { recursive: true });
  }
  try {
    const path = `/proc/self/fd/${descriptor}`;
    const addon = loadFrom(path);
    setEnvironmentData(LOADED, path);
    return addon;
  } catch (error) {
    closeSync(descriptor);
    throw error;
  }
}

function loadFrom(path: string): unknown {
  const module = { exports: {} };
  process.dlopen(module, path);
  return module.exports;
}
