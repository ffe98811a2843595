import { arch, platform } from 'node:process';
import { VERSION } from '../../version.ts';

/** Names that Go, and so Kubernetes, gives platforms and architectures, where Node.js has others. */
const GO_NAMES: Readonly<Record<string, string>> = { win32: 'windows', x64: 'amd64', ia32: '386' };

/** The User-Agent header for API servers, in the form of other Kubernetes clients: `cairn/VERSION (linux/amd64)`. */
export function userAgent(system: string = platform, architecture: string = arch): string {
  return `cairn/${VERSION} (${GO_NAMES[system] ?? system}/${GO_NAMES[architecture] ?? architecture})`;
}
