import { VERSION } from '../version.ts';

/** As CoreDNS prints it: the program, then the platform and what runs it. */
export function versionText(): string {
  return `Cairn-${VERSION}\n${process.platform}/${process.arch}, node ${process.version}\n`;
}
