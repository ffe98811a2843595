import type { Metrics } from '../observe/metrics.ts';
import { VERSION } from '../version.ts';

/** Shows which version runs, under CoreDNS's name: `goversion` is the version of Node.js, and a revision is not known. */
export function exposeBuild(metrics: Metrics): void {
  const help = 'Always 1; the labels say the version of Cairn, and as goversion that of Node.js.';
  metrics
    .gauge('coredns_build_info', help, ['version', 'revision', 'goversion'])
    .cell(VERSION, '', process.version).value = 1;
}
