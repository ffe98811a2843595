import { readFileSync } from 'node:fs';

export const VERSION: string = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')).version;

/** As CoreDNS prints it: the program, then the platform and what runs it. */
export function versionText(): string {
  return `Cairn-${VERSION}\n${process.platform}/${process.arch}, node ${process.version}\n`;
}
