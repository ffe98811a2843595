import { arch, platform } from 'node:process';
import { VERSION } from '../../version.ts';

/** Names that Go, and so Kubernetes, gives platforms and architectures, where Node.js has others. */
const GO_NAMES: Readonly<Record<string, string>> = { win32: 'windows', x64: 'amd64', ia32: '386' };

/** How this server calls itself to API servers, as other clients of Kubernetes do: `cairn/0.1.0 (linux/amd64)`. */
export function userAgent(system: string = platform, architecture: string = arch): string {
  return `cairn/${VERSION} (${GO_NAMES[system] ?? system}/${GO_NAMES[architecture] ?? architecture})`;
}
