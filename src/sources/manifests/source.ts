/*
 * Follows manifests on disk, and plays the part of the control plane for them: cluster IPs and endpoints. Begin here; cluster.ts makes
 * a cluster of the objects. It never writes a file.
 */

import { messageOf } from '../../base/errors.ts';
import type { Clock, Timer } from '../../observe/clock.ts';
import type { Logger } from '../../observe/log.ts';
import type { EndpointSlice, Service } from '../../registry/records.ts';
import type { Registry } from '../../registry/registry.ts';
import { buildCluster, type ClusterOptions } from './cluster.ts';
import { ManifestFiles } from './files.ts';
import { FolderWatch } from './folders.ts';
import { foldersOf } from './paths.ts';
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

const DEFAULT_DEBOUNCE_MS = 100;
/** How often files are looked at though nothing told of a change. */
const POLL_MS = 500;
/** Looking takes at most this part of the time, however many files there are and however often something else changes beside them. */
const MAX_LOOKING_SHARE = 1 / 5;

type State = 'waiting' | 'soon' | 'looking' | 'lookingAgain' | 'stopped';

/** Keeps a registry equal to manifests on disk: looks at them when something may have changed, and now and then. */
export class ManifestSource {
  private readonly options: ManifestOptions;
  private readonly registry: Registry;
  private readonly env: ManifestEnv;
  private readonly debounceMs: number;
  private readonly files: ManifestFiles;
  private readonly problemLog: ProblemLog;
  private readonly folders = new FolderWatch(() => this.hint());
  private clusterProblems: readonly Problem[] = [];
  /** Whether everything that is configured has been read once. */
  private isComplete = false;
  private loads = 0;
  private loadedAtMs: number | undefined;
  /** What it costs to find that nothing changed. */
  private lookingMs = 0;
  private timer: Timer | undefined;
  private state: State = 'waiting';

  constructor(options: ManifestOptions, registry: Registry, env: ManifestEnv) {
    this.options = options;
    this.registry = registry;
    this.env = env;
    this.debounceMs = options.debounceMs ?? DEFAULT_DEBOUNCE_MS;
    this.files = new ManifestFiles(options.paths, env.clock);
    this.problemLog = new ProblemLog(env.log);
  }

  /** Settles after the first look at the files, whatever was found: the registry says whether it is synced. */
  start(): Promise<void> {
    return this.look(0);
  }

  stop(): void {
    if (this.state !== 'looking' && this.state !== 'lookingAgain') this.folders.close();
    this.state = 'stopped';
    this.timer?.cancel();
  }

  stats(): ManifestStats {
    const { files, loads, loadedAtMs } = this;
    return { files: files.fileCount, brokenFiles: files.brokenCount, loads, loadedAtMs };
  }

  /** Something may have changed. */
  private hint(): void {
    if (this.state === 'looking') this.state = 'lookingAgain';
    if (this.state !== 'waiting') return;
    this.state = 'soon';
    this.schedule(this.debounceMs);
  }

  private schedule(delayMs: number): void {
    this.timer?.cancel();
    const pauseMs = Math.max(delayMs, this.lookingMs / MAX_LOOKING_SHARE);
    this.timer = this.env.clock.after(pauseMs, () => void this.look(this.debounceMs));
  }

  private async look(settleMs: number): Promise<void> {
    this.state = 'looking';
    const delayMs = await this.refresh(settleMs).catch((thrown: unknown) => {
      this.env.log.error(`manifests: ${messageOf(thrown)}`);
      return POLL_MS;
    });
    if (this.isStopped) return this.folders.close();
    const again = this.isHinted;
    this.state = again ? 'soon' : 'waiting';
    this.schedule(again ? this.debounceMs : delayMs);
  }

  /** Follows the files; the result is when to look again. */
  private async refresh(settleMs: number): Promise<number> {
    const { files, registry } = this;
    const { clock } = this.env;
    const startedAt = clock.monotonic();
    // Watched before they are read: a change in between is then a hint to look again.
    await this.folders.update(this.options.paths.flatMap((path) => foldersOf(path, files.filesOf(path))));
    const { changedAtMs, unsettled, problems, incomplete } = await files.refresh(settleMs);
    if (this.isStopped) return 0;
    if (changedAtMs !== undefined) this.load(changedAtMs);
    this.problemLog.report([...problems, ...this.clusterProblems]);
    this.isComplete ||= incomplete === undefined;
    if (this.isComplete) registry.markSynced();
    else registry.markUnsynced(incomplete ?? '');
    if (changedAtMs === undefined) this.lookingMs = clock.monotonic() - startedAt;
    return unsettled ? this.debounceMs : POLL_MS;
  }

  private load(changedAtMs: number): void {
    const { registry, files, env } = this;
    const cluster = buildCluster(files.manifests(), this.options);
    const changed: EndpointSlice[] = [];
    const unsubscribe = registry.onRecord(({ kind, before, after }) => {
      if (kind === 'slice') for (const slice of [before, after]) if (slice) changed.push(slice);
    });
    registry.replaceAll(cluster);
    unsubscribe();
    if (this.isComplete) env.programmed?.(servicesOf(changed, registry), changedAtMs);
    this.clusterProblems = [...cluster.problems, ...withoutPods(files.withoutPods, registry)];
    this.loads++;
    this.loadedAtMs = env.clock.now();
    const { services, endpoints, pods, namespaces } = registry.counts();
    const made = cluster.madePods > 0 ? ` (${cluster.madePods} of Deployments, StatefulSets and their kind)` : '';
    env.log.info(
      `manifests: ${services} services, ${endpoints} endpoints, ${pods} pods${made} and ${namespaces} namespaces of ${files.fileCount} files`,
    );
  }

  // Getters, because the state changes while a look waits.
  private get isStopped(): boolean {
    return this.state === 'stopped';
  }

  private get isHinted(): boolean {
    return this.state === 'lookingAgain';
  }
}

function servicesOf(slices: readonly EndpointSlice[], registry: Registry): Service[] {
  const services = new Set(slices.map(({ namespace, service }) => registry.service(namespace, service)));
  return [...services].filter((service) => service !== undefined);
}

/** A warning if there are objects that make no pods here, and neither pods nor endpoints: services then have no endpoints. */
function withoutPods(makers: ReadonlySet<string>, registry: Registry): Problem[] {
  const { pods, slices } = registry.counts();
  if (makers.size === 0 || pods > 0 || slices > 0) return [];
  const kinds = [...makers].sort().join(', ');
  const text =
    `manifests: there are no pods, because ${kinds} make none here: ` +
    'to give services endpoints, add Pods that have an address, or EndpointSlices';
  return [{ level: 'warning', text }];
}
