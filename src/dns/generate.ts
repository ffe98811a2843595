import { PresentationError, type Word, type Words } from './words.ts';
import type { ZoneFileEntry } from './zone-file-entries.ts';

/** The maximum number of records that all `$GENERATE` lines of a zone make together. */
export const MAX_GENERATED = 65_536;

const RANGE = /^(\d{1,10})-(\d{1,10})(?:\/(\d{1,10}))?$/;
/** `$`, `${OFFSET,WIDTH,BASE}`, or an escaped dollar sign. */
const PLACE = /\\\$|\$(?:\{([^}]*)\})?/g;
const MODIFIERS = /^(-?\d{1,10})(?:,(\d{1,2})(?:,([doxX]))?)?$/;

/** How many records may still be made. */
export interface GenerateBudget {
  left: number;
}

/**
 * The entries of `$GENERATE START-STOP[/STEP] OWNER [TTL] [CLASS] TYPE RDATA`; `$` is the number of each.
 *
 * @param words the words after `$GENERATE`; all are read.
 * @param budget how many records the lines of the zone may still make. The records of this line are subtracted before the first one is made.
 * @throws PresentationError
 */
export function* generateEntries(words: Words, line: number, budget: GenerateBudget): Generator<ZoneFileEntry, void> {
  const { start, stop, step } = readRange(words.next('the range').text);
  const template = words.rest();
  if (template.length < 3) throw new PresentationError('$GENERATE needs a range, an owner name, a type and rdata');
  budget.left -= Math.floor((stop - start) / step) + 1;
  if (budget.left < 0) {
    throw new PresentationError(
      `$GENERATE makes more than ${MAX_GENERATED} records in this zone: write them out instead`,
    );
  }
  for (let number = start; number <= stop; number += step) {
    yield { line, isIndented: false, words: template.map((word) => fillIn(word, number)) };
  }
}

function readRange(text: string): { start: number; stop: number; step: number } {
  const [, start, stop, step = '1'] = RANGE.exec(text) ?? [];
  if (start === undefined || Number(stop) < Number(start) || Number(step) === 0) {
    throw new PresentationError(`the range must be START-STOP or START-STOP/STEP, not "${text}"`);
  }
  return { start: Number(start), stop: Number(stop), step: Number(step) };
}

function fillIn({ text, quoted }: Word, number: number): Word {
  const filled = text.replace(PLACE, (place, modifiers: string | undefined) => {
    if (place === '\\$') return place;
    return modifiers === undefined ? String(number) : printNumber(number, modifiers);
  });
  return { text: filled, quoted };
}

const RADIX: Readonly<Record<string, number>> = { d: 10, o: 8, x: 16, X: 16 };

function printNumber(number: number, modifiers: string): string {
  const [, offset, width = '0', base = 'd'] = MODIFIERS.exec(modifiers) ?? [];
  if (offset === undefined) {
    throw new PresentationError(
      `the modifiers must be \${OFFSET,WIDTH,BASE} with a base of d, o, x or X, not "${modifiers}"`,
    );
  }
  const value = number + Number(offset);
  if (value < 0) throw new PresentationError(`$GENERATE comes to ${value}, which is below zero`);
  const digits = value.toString(RADIX[base]).padStart(Number(width), '0');
  return base === 'X' ? digits.toUpperCase() : digits;
}
