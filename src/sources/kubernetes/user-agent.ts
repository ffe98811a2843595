import { arch, platform } from 'node:process';
import { VERSION } from '../../version.ts';

/** The names of platforms and architectures in Go, and so in Kubernetes, that differ from those in Node.js. */
const GO_NAMES: Readonly<Record<string, string>> = { win32: 'windows', x64: 'amd64', ia32: '386' };

/** The User-Agent header for API servers, in the form of other Kubernetes clients: `cairn/VERSION (linux/amd64)`. */
export function userAgent(system: string = platform, architecture: string = arch): string {
  return `cairn/${VERSION} (${GO_NAMES[system] ?? system}/${GO_NAMES[architecture] ?? architecture})`;
}
