/** No suggestion is made for longer words. */
const MAX_WORD_LENGTH = 64;

/**
 * The candidate that a misspelt word probably means: the most similar one, if it is similar enough; else undefined. Letter case does not count.
 */
export function closest(
  word: string,
  candidates: Iterable<string>,
  farthest = Math.max(1, Math.floor(word.length / 3)),
): string | undefined {
  if (word.length > MAX_WORD_LENGTH) return undefined;
  let best: string | undefined;
  let bestDistance = farthest + 1;
  for (const candidate of candidates) {
    if (Math.abs(candidate.length - word.length) >= bestDistance) continue;
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase());
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** `; did you mean x?` for the end of an error, or nothing. Every suggestion is written in this way. */
export function didYouMean(word: string, candidates: Iterable<string>): string {
  return suggestion(closest(word, candidates));
}

/** What {@link didYouMean} says of a candidate that was found by other means. */
export function suggestion(meant: string | undefined): string {
  return meant === undefined ? '' : `; did you mean ${meant}?`;
}

/** `expecting one of a, b, c; did you mean b?` for the end of an error about a word that is not one of `known`. */
export function expectingOneOf(word: string, known: readonly string[]): string {
  return `expecting ${known.length === 1 ? '' : 'one of '}${known.join(', ')}${didYouMean(word, known)}`;
}

/** The number of insertions, deletions, substitutions and swaps of neighbours that turn `a` into `b` (optimal string alignment). */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      row[j] = Math.min(last[j]! + 1, row[j - 1]! + 1, last[j - 1]! + cost);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) row[j] = Math.min(row[j]!, beforeLast[j - 2]! + 1);
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length]!;
}
