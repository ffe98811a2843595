/*
 * Follows manifests on disk, and plays the part of the control plane for them: cluster IPs and endpoints. Begin here; cluster.ts makes
 * a cluster of the objects. It never writes a file.
 */

import { messageOf } from '../../base/errors.ts';
import { inTurns } from '../../base/in-turns.ts';
import type { Clock, Timer } from '../../observe/clock.ts';
import type { Logger } from '../../observe/log.ts';
import { DECLARED_KINDS } from '../../registry/declared-records.ts';
import type { EndpointSlice, Service } from '../../registry/records.ts';
import type { Registry } from '../../registry/registry.ts';
import { DECLARED_PLURALS } from '../objects/declared.ts';
import { buildInSteps, type ClusterOptions } from './cluster.ts';
import { ManifestFiles } from './files.ts';
import { FolderWatch } from './folders.ts';
import { foldersOf } from './paths.ts';
import { type Problem, ProblemLog } from './problems.ts';

export interface ManifestOptions extends ClusterOptions {
  /** Files, folders and patterns, absolute. */
  readonly paths: readonly string[];
  /** How long a file must be unchanged before its new text is read, in milliseconds; 100 by default. */
  readonly debounceMs?: number;
}

export interface ManifestEnv {
  readonly log: Logger;
  readonly clock: Clock;
  /** Called after a change, but not after the first load, with the services whose endpoints changed, and the time of the file's change. */
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

/** The state of one configured file, folder or pattern. */
export interface ManifestPathStatus {
  readonly path: string;
  readonly files: number;
  readonly objects: number;
  /** Whether objects are served: all of its files were read once. */
  readonly isKnown: boolean;
  /** Since the last check of the files; undefined before the first. */
  readonly ageMs: number | undefined;
  /** What the operator should correct. */
  readonly problems: readonly Problem[];
}

const DEFAULT_DEBOUNCE_MS = 100;
/** How often files are checked without a hint of a change. */
export const POLL_MS = 500;
/** The same while all folders are watched. A check costs about as much CPU time as 20 queries, and only few changes give no hint: those of a link's target. */
export const WATCHED_POLL_MS = 5000;
/** Checking takes at most this share of the time, for any number of files and hints. */
const MAX_LOOKING_SHARE = 1 / 5;

type State = 'waiting' | 'soon' | 'looking' | 'lookingAgain' | 'stopped';

/** Keeps a registry equal to manifests on disk. It checks them when something may have changed, and at an interval. */
export class ManifestSource {
  private readonly options: ManifestOptions;
  private readonly registry: Registry;
  private readonly env: ManifestEnv;
  private readonly debounceMs: number;
  private readonly files: ManifestFiles;
  private readonly problemLog: ProblemLog;
  private readonly folders = new FolderWatch(() => this.hint());
  private clusterProblems: readonly Problem[] = [];
  private fileProblems: readonly Problem[] = [];
  private lookedAtMs: number | undefined;
  /** Whether everything that is configured has been read once. */
  private isComplete = false;
  private loads = 0;
  private loadedAtMs: number | undefined;
  /** The time of a check that finds no change. */
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

  /** Settles after the first check of the files, with any result: the registry says whether it is synced. */
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

  /** The state of each path. Problems of the objects together are told with the first one. */
  pathStatuses(): readonly ManifestPathStatus[] {
    const { files, fileProblems, clusterProblems, lookedAtMs } = this;
    const ageMs = lookedAtMs === undefined ? undefined : this.env.clock.monotonic() - lookedAtMs;
    return this.options.paths.map((path, i) => {
      const found = files.filesOf(path);
      const ofPath = fileProblems.filter(({ subject = '' }) => subject === path || found.includes(subject));
      const { objects, isRead } = files.contentOf(path);
      const problems = i === 0 ? [...ofPath, ...clusterProblems] : ofPath;
      return { path, files: found.length, objects, isKnown: isRead, ageMs, problems };
    });
  }

  /** Called when something may have changed. */
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

  /** Checks the files. Returns the time of the next check. */
  private async refresh(settleMs: number): Promise<number> {
    const { files, registry } = this;
    const { clock } = this.env;
    const startedAt = clock.monotonic();
    // The folders are watched before the files are read, so that a change in between leads to another check.
    const isWatched = await this.folders.update(
      this.options.paths.flatMap((path) => foldersOf(path, files.filesOf(path))),
    );
    const { changedAtMs, unsettled, problems, incomplete } = await files.refresh(settleMs);
    if (this.isStopped) return 0;
    if (changedAtMs !== undefined) await this.load(changedAtMs);
    if (this.isStopped) return 0;
    this.fileProblems = problems;
    this.lookedAtMs = clock.monotonic();
    this.problemLog.report([...problems, ...this.clusterProblems]);
    this.isComplete ||= incomplete === undefined;
    if (this.isComplete) registry.markSynced();
    else registry.markUnsynced(incomplete ?? '');
    if (changedAtMs === undefined) this.lookingMs = clock.monotonic() - startedAt;
    if (unsettled) return this.debounceMs;
    return isWatched ? WATCHED_POLL_MS : POLL_MS;
  }

  private async load(changedAtMs: number): Promise<void> {
    const { registry, files, env } = this;
    const cluster = await inTurns(buildInSteps(files.manifests(), this.options));
    if (this.isStopped) return;
    const changed: EndpointSlice[] = [];
    const unsubscribe = registry.onRecord(({ kind, before, after }) => {
      if (kind === 'slice') for (const slice of [before, after]) if (slice) changed.push(slice);
    });
    await inTurns(registry.replaceInSteps(cluster));
    unsubscribe();
    if (this.isComplete) env.programmed?.(servicesOf(changed, registry), changedAtMs);
    this.clusterProblems = [...cluster.problems, ...withoutPods(files.withoutPods, registry)];
    this.loads++;
    this.loadedAtMs = env.clock.now();
    const { services, endpoints, pods, namespaces } = registry.counts();
    const made = cluster.madePods > 0 ? ` (${cluster.madePods} of workloads)` : '';
    env.log.info(
      `manifests: ${services} services, ${endpoints} endpoints, ${pods} pods${made}${declaredIn(registry)} and ${namespaces} namespaces of ${files.fileCount} files`,
    );
  }

  // Getters, because the state changes during the awaits of a check.
  private get isStopped(): boolean {
    return this.state === 'stopped';
  }

  private get isHinted(): boolean {
    return this.state === 'lookingAgain';
  }
}

/** The numbers of the objects that declare names, of each kind that there is. */
function declaredIn({ declared }: Registry): string {
  const present = DECLARED_KINDS.filter((kind) => declared.count(kind) > 0);
  return present.map((kind) => `, ${declared.count(kind)} ${DECLARED_PLURALS[kind]}`).join('');
}

function servicesOf(slices: readonly EndpointSlice[], registry: Registry): Service[] {
  const services = new Set(slices.map(({ namespace, service }) => registry.service(namespace, service)));
  return [...services].filter((service) => service !== undefined);
}

/** A warning if there are workloads that create no pods here, and neither pods nor endpoints: services then have no endpoints. */
function withoutPods(workloads: ReadonlySet<string>, registry: Registry): Problem[] {
  const { pods, slices } = registry.counts();
  if (workloads.size === 0 || pods > 0 || slices > 0) return [];
  const kinds = [...workloads].sort().join(', ');
  const text =
    `manifests: there are no pods, because ${kinds} create none here: ` +
    'to give services endpoints, add Pods that have an address, or EndpointSlices';
  return [{ level: 'warning', text }];
}
