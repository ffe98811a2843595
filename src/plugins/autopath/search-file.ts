import { foldName, type Name, NameError, parseName, ROOT } from '../../dns/name.ts';
import type { Kept, PluginEnv } from '../../plugin/env.ts';
import { Epoch } from '../../plugin/repeat.ts';
import { type WatchedFile, watchFile } from '../../plugin/watched-file.ts';
import { MAX_RESOLV_CONF_OCTETS, parseResolvConf } from '../../resolver/resolv-conf.ts';

const POLL_MS = 5000;
/** The maximum number of domains, as for a pod in Kubernetes. */
export const MAX_DOMAINS = 32;

/** The search list of a resolv.conf, kept up to date. */
interface SearchFile extends Kept {
  /** Folded; empty until the file is read. */
  readonly domains: readonly Name[];
  /** Moves whenever the list changes. */
  readonly epoch: Epoch;
  /** The file itself. */
  readonly watched: WatchedFile;
  check(): Promise<void>;
}

export function openSearchFile(path: string, { clock, log }: Pick<PluginEnv, 'clock' | 'log'>): SearchFile {
  let domains: readonly Name[] = [];
  const epoch = new Epoch();
  const file = watchFile({
    ...{ path, clock, intervalMs: POLL_MS, maxOctets: MAX_RESOLV_CONF_OCTETS },
    changed(text) {
      domains = domainsOf(text);
      epoch.move();
    },
    problem: (message) => log.warning(`cannot read the search list, the last one stays in use: ${message}`),
  });
  return {
    get domains() {
      return domains;
    },
    epoch,
    watched: file,
    check: file.check,
    stop: file.stop,
  };
}

/** The search domains of a resolv.conf; those that are not valid names are left out, as by resolvers. */
function domainsOf(text: string): Name[] {
  const names = parseResolvConf(text).search.flatMap((word) => {
    try {
      return [foldName(parseName(word))];
    } catch (thrown) {
      if (thrown instanceof NameError) return [];
      throw thrown;
    }
  });
  return [...new Set(names)].filter((name) => name !== ROOT).slice(0, MAX_DOMAINS);
}
