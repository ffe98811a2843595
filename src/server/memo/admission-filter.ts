/** The number of questions after which the filter is cleared. */
export const ADMISSION_QUESTIONS = 8192;
/** Sixteen bits for each question, so that questions rarely share theirs; a power of two. */
const BITS = ADMISSION_QUESTIONS * 16;

/**
 * Remembers recent questions by two bits each (a Bloom filter), so that a question gets an entry in the memo only when it comes again. Of a flood of
 * random names, about one in a hundred passes the filter.
 */
export class AdmissionFilter {
  private readonly words = new Uint32Array(BITS / 32);
  private questions = 0;

  /** Whether a question with this hash was asked lately. The filter then remembers it. */
  knows(hash: number): boolean {
    const first = this.set(hash);
    const second = this.set(Math.imul(hash, 0x9e3779b1) >>> 15);
    if (first && second) return true;
    if (++this.questions === ADMISSION_QUESTIONS) this.forget();
    return false;
  }

  /** Sets a bit; returns whether it was set before. */
  private set(hash: number): boolean {
    const bit = hash & (BITS - 1);
    const word = this.words[bit >>> 5]!;
    const mask = 1 << (bit & 31);
    this.words[bit >>> 5] = word | mask;
    return (word & mask) !== 0;
  }

  private forget(): void {
    this.words.fill(0);
    this.questions = 0;
  }
}
