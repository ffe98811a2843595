import { CairnError } from '../base/errors.ts';

const MS_PER_UNIT: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3, // U+00B5
  μs: 1e-3, // U+03BC
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};
/** Go keeps nanoseconds in 64 bits: about 292 years. */
const MAX_MS = 2 ** 63 / 1e6;

/** A duration that cannot be read. The message begins as Go's, which operators know, and then says what would be right. */
class DurationError extends CairnError {
  constructor(message: string) {
    super('DURATION', message);
  }
}

/**
 * Reads a duration as Go writes them, such as `300ms`, `1.5h` or `1m30s`, in milliseconds.
 *
 * @throws DurationError
 */
export function parseDurationMs(text: string): number {
  const [, sign = '', unsigned = ''] = /^([+-]?)(.*)$/s.exec(text)!;
  if (unsigned === '0') return 0;
  let ms = 0;
  let rest = unsigned;
  do {
    const match = /^(\d+\.?\d*|\.\d+)([^\d.]*)/.exec(rest);
    if (match === null) throw new DurationError(`time: invalid duration "${text}" - write it like '30s' or '1m30s'`);
    const [all, digits, unit] = match as unknown as [string, string, string];
    if (unit === '') throw new DurationError(`time: missing unit in duration "${text}" - '${text}s' is in seconds`);
    const factor = Object.hasOwn(MS_PER_UNIT, unit) ? MS_PER_UNIT[unit]! : undefined;
    if (factor === undefined) {
      throw new DurationError(`time: unknown unit "${unit}" in duration "${text}" - units are ns, us, ms, s, m and h`);
    }
    ms += Number(digits) * factor;
    rest = rest.slice(all.length);
  } while (rest !== '');
  if (ms >= MAX_MS) throw new DurationError(`time: invalid duration "${text}" - it is longer than 292 years`);
  return sign === '-' && ms !== 0 ? -ms : ms;
}
