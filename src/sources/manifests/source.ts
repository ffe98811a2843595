import { messageOf } from '../../base/errors.ts';
import type { Clock, Timer } from '../../observe/clock.ts';
import type { Logger } from '../../observe/log.ts';
import type { EndpointSlice, Service } from '../../registry/records.ts';
import type { Registry } from '../../registry/registry.ts';
import { buildCluster, type ClusterOptions } from './cluster.ts';
import { DirectoryWatch } from './directories.ts';
import { ManifestFiles } from './files.ts';
import { directoriesOf } from './paths.ts';
import { type Problem, ProblemLog } from './problems.ts';

export interface ManifestOptions extends ClusterOptions {
  /** Files, folders and patterns, absolute. */
  readonly paths: readonly string[];
  /** How long a file must be left alone before its new text is read, in milliseconds; 100 if not given. */
  readonly debounceMs?: number;
}

export interface ManifestEnv {
  readonly log: Logger;
  readonly clock: Clock;
  /** Told, after a change but not the first load, of the services whose endpoints are others now, and when the file changed. */
  programmed?(services: readonly Service[], changedAtMs: number): void;
}

export interface ManifestStats {
  readonly files: number;
  /** Files with mistakes. */
  readonly brokenFiles: number;
  /** How often the registry was filled. */
  readonly loads: number;
  /** When that was last, in milliseconds since the Unix epoch; undefined before. */
  readonly loadedAtMs: number | undefined;
}

/** Keeps a registry equal to manifests on disk. */
export interface ManifestSource {
  /** Settles after the first look at the files, whatever was found: the registry says whether it is synced. */
  start(): Promise<void>;
  stop(): void;
  stats(): ManifestStats;
}

const DEFAULT_DEBOUNCE_MS = 100;
/** How often files are looked at though nothing told of a change. */
const POLL_MS = 500;
/** Looking takes at most this part of the time, however many files there are and however often something else changes beside them. */
const MAX_LOOKING_SHARE = 1 / 5;

/** A warning if there are workloads but neither pods nor endpoints: services then have no endpoints. */
function withoutPods(workloads: ReadonlySet<string>, registry: Registry): Problem[] {
  const { pods, slices } = registry.counts();
  if (workloads.size === 0 || pods > 0 || slices > 0) return [];
  const kinds = [...workloads].sort().join(', ');
  const text =
    `manifests: there are no pods, because ${kinds} make none here: ` +
    'to give services endpoints, add Pods that have an address, or EndpointSlices';
  return [{ level: 'warning', text }];
}

/** Makes a source that fills `registry` from the manifests of `options.paths` and follows their changes. */
export function watchManifests(options: ManifestOptions, registry: Registry, env: ManifestEnv): ManifestSource {
  const { log, clock } = env;
  const { paths, debounceMs = DEFAULT_DEBOUNCE_MS } = options;
  const files = new ManifestFiles(paths, clock);
  const problemLog = new ProblemLog(log);
  const directories = new DirectoryWatch(hint);
  let clusterProblems: readonly Problem[] = [];
  let complete = false;
  let loads = 0;
  let loadedAtMs: number | undefined;
  /** What it costs to find that nothing changed. */
  let lookingMs = 0;
  let timer: Timer | undefined;
  let state: 'waiting' | 'soon' | 'looking' | 'lookingAgain' | 'stopped' = 'waiting';

  /** Something may have changed. */
  function hint(): void {
    if (state === 'looking') state = 'lookingAgain';
    if (state !== 'waiting') return;
    state = 'soon';
    schedule(debounceMs);
  }

  function schedule(delayMs: number): void {
    timer?.cancel();
    timer = clock.after(Math.max(delayMs, lookingMs / MAX_LOOKING_SHARE), () => void look(debounceMs));
  }

  async function look(settleMs: number): Promise<void> {
    state = 'looking';
    const delayMs = await refresh(settleMs).catch((thrown: unknown) => {
      log.error(`manifests: ${messageOf(thrown)}`);
      return POLL_MS;
    });
    if (isStopped()) return directories.close();
    const again = isHinted();
    state = again ? 'soon' : 'waiting';
    schedule(again ? debounceMs : delayMs);
  }

  /** Follows the files; the result is when to look again. */
  async function refresh(settleMs: number): Promise<number> {
    const startedAt = clock.monotonic();
    // Watched before they are read: a change in between is then a hint to look again.
    await directories.update(paths.flatMap((path) => directoriesOf(path, files.filesOf(path))));
    const { changedAtMs, unsettled, problems, incomplete } = await files.refresh(settleMs);
    if (isStopped()) return 0;
    if (changedAtMs !== undefined) load(changedAtMs);
    problemLog.report([...problems, ...clusterProblems]);
    complete ||= incomplete === undefined;
    if (complete) registry.markSynced();
    else registry.markUnsynced(incomplete ?? '');
    if (changedAtMs === undefined) lookingMs = clock.monotonic() - startedAt;
    return unsettled ? debounceMs : POLL_MS;
  }

  function load(changedAtMs: number): void {
    const cluster = buildCluster(files.manifests(), options);
    const changed: EndpointSlice[] = [];
    const unsubscribe = registry.onRecord(({ kind, before, after }) => {
      if (kind === 'slice') for (const slice of [before, after]) if (slice) changed.push(slice);
    });
    registry.replaceAll(cluster);
    unsubscribe();
    if (complete) env.programmed?.(servicesOf(changed), changedAtMs);
    clusterProblems = [...cluster.problems, ...withoutPods(files.workloads, registry)];
    loads++;
    loadedAtMs = clock.now();
    const { services, endpoints, pods, namespaces } = registry.counts();
    log.info(
      `manifests: ${services} services, ${endpoints} endpoints, ${pods} pods and ${namespaces} namespaces of ${files.fileCount} files`,
    );
  }

  function servicesOf(slices: readonly EndpointSlice[]): Service[] {
    const services = new Set(slices.map(({ namespace, service }) => registry.service(namespace, service)));
    return [...services].filter((service) => service !== undefined);
  }

  const isStopped = () => state === 'stopped';
  const isHinted = () => state === 'lookingAgain';

  return {
    start: () => look(0),
    stop() {
      if (state !== 'looking' && state !== 'lookingAgain') directories.close();
      state = 'stopped';
      timer?.cancel();
    },
    stats: () => ({ files: files.fileCount, brokenFiles: files.brokenCount, loads, loadedAtMs }),
  };
}
