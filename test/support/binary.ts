import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { canRun } from './tools.ts';

/** Debian's places of QEMU, and of the libraries for cross-compilers. */
const QEMU = '/usr/bin/qemu-aarch64-static';
const ARM64_LIBRARIES = '/usr/aarch64-linux-gnu';

/**
 * How to run the single file for an architecture, which `npm run build:binary` has made in the folder that the environment's CAIRN_BINARIES names;
 * undefined without it. That of arm64 runs on other machines, too, with QEMU.
 *
 * @throws Error if the folder lacks this machine's file, or if CAIRN_INTEROP=required says that no test may be left out
 */
export function binaryFor(architecture: string): readonly [program: string, ...args: string[]] | undefined {
  const folder = process.env.CAIRN_BINARIES;
  const isOwn = architecture === process.arch;
  if (!isOwn && architecture !== 'arm64') return undefined;
  const file = resolve(folder ?? '', `cairn-linux-${architecture}`);
  if (folder === undefined || !existsSync(file)) {
    const isNeeded = process.env.CAIRN_INTEROP === 'required' || (folder !== undefined && isOwn);
    if (isNeeded) throw new Error(`CAIRN_BINARIES must name a folder with cairn-linux-${architecture}`);
    return undefined;
  }
  if (isOwn) return [file];
  return canRun(QEMU, ['--version']) ? [QEMU, '-L', ARM64_LIBRARIES, file] : undefined;
}
