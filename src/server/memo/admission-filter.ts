/** Questions that the filter remembers before it forgets all. */
export const ADMISSION_QUESTIONS = 8192;
/** Sixteen for each question, so that hardly two share theirs; a power of two. */
const BITS = ADMISSION_QUESTIONS * 16;

/**
 * Remembers which questions were asked lately, by two bits each (a Bloom filter), so that a question gets an entry in the
 * memo only when it comes again. Of a flood of random names, each asked once, about one in a hundred gets past it.
 */
export class AdmissionFilter {
  private readonly words = new Uint32Array(BITS / 32);
  private questions = 0;

  /** Whether a question with this hash has been asked lately; from now on it has. */
  knows(hash: number): boolean {
    const first = this.set(hash);
    const second = this.set(Math.imul(hash, 0x9e3779b1) >>> 15);
    if (first && second) return true;
    if (++this.questions === ADMISSION_QUESTIONS) this.forget();
    return false;
  }

  /** Sets a bit; the result is whether it was set before. */
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
