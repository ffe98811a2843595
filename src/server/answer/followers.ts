import { Epoch } from '../../base/epoch.ts';
import { isExplained } from '../../plugin/explained.ts';
import type { Query } from '../../plugin/query.ts';
import type { Sent } from '../../plugin/sent.ts';
import type { Follower, Way } from '../../plugin/server-control.ts';
import type { ServerWatch } from './watch.ts';

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

/** Shows a client's query to those who follow. If one throws, no query is affected. */
export function tellFollowers(query: Query, sent: Sent, way: Way, watch: ServerWatch): void {
  if (isExplained(query)) return;
  for (const follower of watch.followers.all) {
    try {
      follower.query(query, sent, way);
    } catch (thrown) {
      watch.recovered(query, thrown);
    }
  }
}
