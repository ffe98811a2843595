import type { Epoch } from '../base/epoch.ts';
import type { Name } from '../dns/name.ts';
import type { Claim } from './claims.ts';
import type { Answer, Side } from './targets.ts';

/** How many answers are remembered; one more clears them. */
export const MAX_ANSWERS = 1024;

/** Remembers answers until the epoch moves: an object with very many targets, or a name with very many claims, costs much once, and not each query. */
export class AnswerMemo {
  private readonly epoch: Epoch;
  private readonly answers = new Map<string, Answer>();
  private since = -1;

  constructor(epoch: Epoch) {
    this.epoch = epoch;
  }

  /** The answer of these claims of the name; `make` is called if it is not known. */
  answer(claims: readonly Claim[], source: Name, side: Side, make: () => Answer): Answer {
    if (this.since !== this.epoch.value || this.answers.size >= MAX_ANSWERS) this.answers.clear();
    this.since = this.epoch.value;
    // Only the claims that cover one label may be left out of those of a wildcard, so their number tells which they are.
    const key = `${side} ${claims.length} ${source}`;
    let known = this.answers.get(key);
    if (!known) {
      known = make();
      this.answers.set(key, known);
    }
    return known;
  }
}
