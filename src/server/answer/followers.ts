import { Epoch } from '../../base/epoch.ts';
import type { Follower } from '../../plugin/server-control.ts';

/** Who sees the queries of all listeners at this moment: nobody, as a rule. They stay when a reload replaces the chains. */
export class Followers {
  all: readonly Follower[] = [];
  /** Moves when the first one comes: then worker threads must no longer answer by themselves, as nobody would see it. */
  readonly epoch = new Epoch();

  /** Adds a follower until the result is called. */
  add(follower: Follower): () => void {
    if (this.all.length === 0) this.epoch.move();
    const own: Follower = { query: (query, sent, way) => follower.query(query, sent, way) };
    this.all = [...this.all, own];
    return () => {
      this.all = this.all.filter((other) => other !== own);
    };
  }
}
