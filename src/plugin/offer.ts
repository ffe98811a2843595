/**
 * Names what plugins of a server block offer each other and the server, and says its type: `new OfferKey<Colour>('colour')`.
 *
 * The object is the key; the name only stands in errors. Two keys with the same name are different keys, so packages that choose the same name never get
 * each other's values. Packages that share a key import it from one of them, or from a third package.
 */
export class OfferKey<T> {
  readonly name: string;
  /** Never set: it ties the key to the type of its values. */
  declare protected readonly type: (value: T) => T;

  constructor(name: string) {
    this.name = name;
  }
}

/** How a plugin offers values to others of its server block, and asks for theirs. */
export interface OfferEnv {
  /**
   * Offers a value to the plugins of the server block and to the server, for as long as the block is served. To be called while the plugin is created.
   *
   * @throws TypeError later on
   */
  offer<T>(key: OfferKey<T>, value: T): void;
  /**
   * What the plugins of the server block offer under a key, in chain order; with `plugin`, what that one offers. A user of one value takes the first.
   * To be called once all plugins of the block are created: in `wrap`, in `start`, or later.
   *
   * @throws TypeError while the plugins are created
   */
  ask<T>(key: OfferKey<T>, plugin?: string): readonly T[];
}

/** One value that a plugin offers. */
export interface Offer {
  readonly plugin: string;
  readonly key: object;
  readonly value: unknown;
}

/** What the plugins of one server block offer. */
export class Offers {
  readonly all: Offer[];
  private isComplete = false;

  constructor(all: readonly Offer[] = []) {
    this.all = [...all];
  }

  /** What one plugin does with them. */
  envOf(plugin: string): OfferEnv {
    return {
      offer: (key, value) => {
        checkKey(key, plugin);
        if (this.isComplete) {
          throw new TypeError(`'${plugin}' offers '${key.name}' after it was created - call env.offer in create`);
        }
        this.all.push({ plugin, key, value });
      },
      ask: (key, from) => {
        checkKey(key, plugin);
        if (!this.isComplete) {
          const instead = 'call env.ask in wrap, in start, or later';
          throw new TypeError(`'${plugin}' asks for '${key.name}' before all plugins are created - ${instead}`);
        }
        return this.of(key, from);
      },
    };
  }

  /** Says that all plugins of the server block are created. */
  complete(): void {
    this.isComplete = true;
  }

  /** Says that the server block is no longer served: what was offered is gone, also for those that keep their environment. */
  end(): void {
    this.all.length = 0;
  }

  /** What is offered under a key. */
  of<T>(key: OfferKey<T>, from?: string): readonly T[] {
    const offered = this.all.filter((offer) => offer.key === key && (from === undefined || offer.plugin === from));
    return offered.map(({ value }) => value as T);
  }
}

/** @throws TypeError for what other plugins and the server could not know */
function checkKey(key: unknown, plugin: string): void {
  if (key instanceof OfferKey) return;
  const instead = "import OfferKey from 'cairn-dns/plugin', and do not bundle it";
  throw new TypeError(`'${plugin}' uses a key that is not made by this copy of cairn-dns - ${instead}`);
}
