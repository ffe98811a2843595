import type { Kept } from '../../plugin/env.ts';

/** State that outlives the chain that made it. A value stays as long as the newest chain asks for its key. */
export class Keeper {
  private readonly values = new Map<string, Kept>();

  /** Begins the claims of a new chain. Exactly one of `commit` and `abandon` must be called. */
  begin(): Claims {
    const claimed = new Set<string>();
    const made = new Set<string>();
    const { values } = this;
    return {
      keep<T extends Kept>(key: string, make: () => T): T {
        claimed.add(key);
        if (!values.has(key)) {
          values.set(key, make());
          made.add(key);
        }
        return values.get(key) as T;
      },
      commit: () => release(values, (key) => !claimed.has(key)),
      abandon: () => release(values, (key) => made.has(key)),
    };
  }

  /** Stops every value. */
  async clear(): Promise<void> {
    await release(this.values, () => true);
  }
}

export interface Claims {
  keep<T extends Kept>(key: string, make: () => T): T;
  /** The chain serves now. Values that it did not ask for are stopped. */
  commit(): Promise<void>;
  /** The chain failed. Values that were made for it are stopped. */
  abandon(): Promise<void>;
}

async function release(values: Map<string, Kept>, isUnused: (key: string) => boolean): Promise<void> {
  const unused = [...values].filter(([key]) => isUnused(key));
  for (const [key] of unused) values.delete(key);
  await Promise.allSettled(unused.map(async ([, value]) => value.stop?.()));
}
