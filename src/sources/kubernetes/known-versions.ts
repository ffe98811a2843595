import { type ByNamespace, namesIn } from '../../registry/table.ts';

/** The versions of the objects that a watch has brought, by namespace and name; also of those without a record. */
export class KnownVersions {
  private byNamespace: ByNamespace<string | number> = new Map();
  private listener: ((namespace: string, name: string) => void) | undefined;

  /** Calls `listener` with each object of which the watch brings something, also a version that is known; undefined ends it. */
  follow(listener: ((namespace: string, name: string) => void) | undefined): void {
    this.listener = listener;
  }

  set(namespace: string, name: string, version: string): void {
    this.listener?.(namespace, name);
    namesIn(this.byNamespace, namespace).set(name, compact(version));
  }

  get(namespace: string, name: string): string | undefined {
    const version = this.byNamespace.get(namespace)?.get(name);
    return version === undefined ? undefined : String(version);
  }

  delete(namespace: string, name: string): void {
    this.listener?.(namespace, name);
    const byName = this.byNamespace.get(namespace);
    if (byName?.delete(name) && byName.size === 0) this.byNamespace.delete(namespace);
  }

  /** Forgets all objects but these. */
  retain(names: ReadonlyMap<string, ReadonlySet<string>>): void {
    for (const [namespace, byName] of this.byNamespace) {
      for (const name of byName.keys()) if (!names.get(namespace)?.has(name)) this.delete(namespace, name);
    }
  }

  get isEmpty(): boolean {
    return this.byNamespace.size === 0;
  }

  *names(): Iterable<{ readonly namespace: string; readonly name: string }> {
    for (const [namespace, byName] of this.byNamespace) for (const name of byName.keys()) yield { namespace, name };
  }
}

/** A number takes less memory than its text. */
function compact(version: string): string | number {
  const number = Number(version);
  return String(number) === version && Number.isSafeInteger(number) ? number : version;
}
