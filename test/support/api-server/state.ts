import type { Clock } from '../../../src/observe/clock.ts';
import { Collection, type Stored } from './collection.ts';
import type { KubernetesObject } from './objects.ts';
import type { AskedRequest } from './request.ts';
import { resources } from './resources.ts';
import type { Switches } from './switches.ts';
import type { Watch } from './watch.ts';

const MAX_REQUESTS = 10_000;

/** All objects as they were at a version. */
export interface Snapshot {
  readonly version: number;
  /** By kind. */
  readonly objects: ReadonlyMap<string, readonly Stored[]>;
}

/** What requests are answered from. */
export class ServerState {
  readonly clock: Clock;
  readonly collections: ReadonlyMap<string, Collection>;
  readonly requests: AskedRequest[] = [];
  readonly watches = new Set<Watch>();
  readonly pages = new Map<string, Buffer>();
  switches: Switches;
  version: number;
  /** How many requests have yet to fail. */
  failuresLeft: number;
  /** How many requests have yet to be forbidden. */
  forbiddenLeft: number;

  constructor(version: number, maxHistory: number, clock: Clock, switches: Switches) {
    this.version = version;
    this.clock = clock;
    this.switches = switches;
    this.failuresLeft = switches.failures.times;
    this.forbiddenLeft = switches.forbiddenTimes;
    this.collections = new Map(resources.map((one) => [one.kind, new Collection(one, maxHistory, version)]));
  }

  put(object: KubernetesObject): void {
    if (this.#collection(object.kind).put(object, this.version + 1)) this.#changed();
  }

  remove(kind: string, namespace: string, name: string): void {
    const collection = this.#collection(kind);
    const stored = collection.get(namespace, name);
    if (stored === undefined) return;
    collection.remove(stored, this.version + 1);
    this.#changed();
  }

  replace(objects: Iterable<KubernetesObject>): void {
    const wanted = new Set<string>();
    for (const object of objects) {
      wanted.add(`${object.kind}/${this.#collection(object.kind).keyOf(object)}`);
      this.put(object);
    }
    for (const [kind, collection] of this.collections)
      for (const { key, namespace, name } of collection.now().all)
        if (!wanted.has(`${kind}/${key}`)) this.remove(kind, namespace, name);
  }

  set(switches: Partial<Switches>): void {
    this.switches = { ...this.switches, ...switches };
    if (switches.failures) this.failuresLeft = switches.failures.times;
    if (switches.forbiddenTimes !== undefined) this.forbiddenLeft = switches.forbiddenTimes;
    this.pages.clear();
  }

  compact(): void {
    for (const collection of this.collections.values()) collection.compact(this.version);
    this.pages.clear();
  }

  /** What there is now, to be gone back to. */
  snapshot(): Snapshot {
    const objects = new Map([...this.collections].map(([kind, collection]) => [kind, collection.now().all]));
    return { version: this.version, objects };
  }

  /**
   * Goes back to a snapshot, as where etcd is restored from one: versions run back and are given out again, what came after is forgotten.
   * Watches end, as the server restarts.
   */
  restore({ version, objects }: Snapshot): void {
    for (const [kind, collection] of this.collections) collection.restore(objects.get(kind) ?? [], version);
    this.version = version;
    this.pages.clear();
    for (const watch of this.watches) watch.reset();
  }

  asked(request: AskedRequest): void {
    this.requests.push(request);
    if (this.requests.length > MAX_REQUESTS) this.requests.shift();
  }

  #changed(): void {
    this.version++;
    this.pages.clear();
  }

  #collection(kind: string): Collection {
    const collection = this.collections.get(kind);
    if (collection === undefined)
      throw new Error(`no such kind here: ${kind}; there are ${[...this.collections.keys()]}`);
    return collection;
  }
}
