import type { Clock } from '../../observe/clock.ts';
import { namesIn } from '../../registry/table.ts';
import type { ApiClient } from './client.ts';
import type { KnownVersions } from './known-versions.ts';
import { pause } from './limits.ts';
import { readPages } from './list.ts';
import type { Resource } from './resource.ts';
import { compareVersions } from './version.ts';
import { metadataOf } from './watch-event.ts';

/** How often the objects of a watch are compared with the API server, unless the Corefile says otherwise. */
export const DEFAULT_AUDIT_MS = 10 * 60_000;
/** Audits of several watches and servers do not come together. */
const SPREAD = 0.2;
/** How long a watch may be behind a list: API servers send a bookmark once a minute. */
const CATCH_UP_MS = 75_000;
/** Audits after which a new list was needed, in a row, before the next ones become rare. */
const MAX_LISTS_IN_VAIN = 3;
const RARE_FACTOR = 6;
/** The list has the metadata of the objects alone. Servers that cannot do that send whole objects, which serve as well. */
const METADATA_ONLY = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json';
/** More objects that differ need not be known. */
const MAX_DIFFERENCES = 1000;
/** If the watch brings something of more objects during a list, the audit cannot tell. */
const MAX_CHANGED = 65_536;

interface AuditEnv {
  readonly api: ApiClient;
  readonly clock: Clock;
  readonly random: () => number;
  readonly intervalMs: number;
}

/** What an audit has found. */
export interface AuditResult {
  /** `unknown`: the watch is too far behind to tell, or too much has changed. */
  readonly result: 'same' | 'differs' | 'unknown';
  /** Some of the objects that differ, as `NAMESPACE/NAME`. */
  readonly objects: readonly string[];
}

/**
 * Compares the versions of all objects that a watch has brought with those that the API server has.
 *
 * A watch can lose events without a sign: through a proxy, or a fault of the server's cache. A list shows everything that the watch has brought before the list was
 * requested. So a difference counts if the watch has come to the version of the list, and has brought nothing of the object since the request.
 */
export class Audit {
  private readonly resource: Resource;
  private readonly namespace: string | undefined;
  private readonly versions: KnownVersions;
  private readonly env: AuditEnv;
  private listsInVain = 0;

  constructor(resource: Resource, namespace: string | undefined, versions: KnownVersions, env: AuditEnv) {
    this.resource = resource;
    this.namespace = namespace;
    this.versions = versions;
    this.env = env;
  }

  /** Waits until it is time for an audit. */
  async wait(signal: AbortSignal): Promise<void> {
    const { clock, random, intervalMs } = this.env;
    const isRare = this.listsInVain >= MAX_LISTS_IN_VAIN;
    const ms = intervalMs * (isRare ? RARE_FACTOR : 1) * (1 - SPREAD / 2 + random() * SPREAD);
    await pause(ms, clock, signal);
  }

  /**
   * @param watchVersion gives the version up to which the watch has brought everything; undefined while it lists
   * @throws what {@link ApiClient.get} throws.
   */
  async run(watchVersion: () => string | undefined, signal: AbortSignal): Promise<AuditResult> {
    try {
      const found = await this.compare(signal);
      if (!found) return this.judged('unknown');
      const { version, differences } = found;
      if (differences.size === 0) return this.judged('same');
      this.versions.follow((namespace, name) => differences.delete(keyOf(namespace, name)));
      await pause(CATCH_UP_MS, this.env.clock, signal);
      const reached = watchVersion();
      if (reached === undefined) return this.judged('unknown');
      if (differences.size === 0) return this.judged('same');
      if ((compareVersions(reached, version) ?? 0) < 0) return this.judged('unknown');
      return this.judged('differs', [...differences]);
    } finally {
      this.versions.follow(undefined);
    }
  }

  private judged(result: AuditResult['result'], objects: readonly string[] = []): AuditResult {
    if (result === 'same') this.listsInVain = 0;
    if (result === 'differs') this.listsInVain++;
    return { result, objects };
  }

  /** The version of the list, and the objects that differ; undefined if too much has changed meanwhile. */
  private async compare(signal: AbortSignal): Promise<{ version: string; differences: Set<string> } | undefined> {
    const { versions } = this;
    const differences = new Set<string>();
    const changed = new Set<string>();
    const listed = new Map<string, Map<string, true>>();
    const differs = (namespace: string, name: string) => {
      const key = keyOf(namespace, name);
      if (!changed.has(key) && differences.size < MAX_DIFFERENCES) differences.add(key);
    };
    versions.follow((namespace, name) => {
      const key = keyOf(namespace, name);
      if (changed.size <= MAX_CHANGED) changed.add(key);
      differences.delete(key);
    });
    const version = await this.list((namespace, name, itsVersion) => {
      namesIn(listed, namespace).set(name, true);
      if (versions.get(namespace, name) !== itsVersion) differs(namespace, name);
    }, signal);
    if (changed.size > MAX_CHANGED) return undefined;
    for (const { namespace, name } of versions.names()) {
      if (!listed.get(namespace)?.has(name)) differs(namespace, name);
    }
    return { version, differences };
  }

  /** Lists the metadata of all objects as it is at one moment. Returns its version. */
  private list(
    object: (namespace: string, name: string, version: string) => void,
    signal: AbortSignal,
  ): Promise<string> {
    const item = (text: string) => {
      const { namespace = '', name, resourceVersion } = metadataOf(JSON.parse(text));
      if (name !== undefined && resourceVersion !== undefined) object(namespace, name, resourceVersion);
    };
    const { resource, namespace, env } = this;
    return readPages(env.api, resource, namespace, { item, tooLong() {} }, signal, METADATA_ONLY);
  }
}

/** `NAMESPACE/NAME`, as a log line shows it. */
function keyOf(namespace: string, name: string): string {
  return namespace === '' ? name : `${namespace}/${name}`;
}
