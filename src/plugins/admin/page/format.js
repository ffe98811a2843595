/** Numbers and times as people read them. */

const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const tenths = new Intl.NumberFormat('en', { maximumFractionDigits: 1 });
const three = new Intl.NumberFormat('en', { maximumSignificantDigits: 3 });

export const count = (/** @type {number} */ value) => whole.format(value);

/** `1 query`, `2 queries`. */
export function counted(/** @type {number} */ value, /** @type {string} */ one, many = `${one}s`) {
  return `${count(value)} ${value === 1 ? one : many}`;
}

export function percent(/** @type {number} */ part, /** @type {number} */ all) {
  if (all === 0) return '–';
  const value = (100 * part) / all;
  // 100 % and 0 % are only said of all and of none.
  if (part > 0 && value < 0.1) return '< 0.1 %';
  return part < all && value > 99.9 ? '> 99.9 %' : `${tenths.format(value)} %`;
}

export function octets(/** @type {number} */ value) {
  if (value < 1024) return `${whole.format(value)} B`;
  return value < 1024 ** 2 ? `${three.format(value / 1024)} KiB` : `${three.format(value / 1024 ** 2)} MiB`;
}

/** Milliseconds, without the unit. */
export function milliseconds(/** @type {number} */ value) {
  if (value >= 100) return whole.format(value);
  return value < 0.01 ? '< 0.01' : three.format(value);
}

const UNITS = /** @type {const} */ ([
  [86_400, 'd'],
  [3600, 'h'],
  [60, 'min'],
  [1, 's'],
]);

/** A time in its two largest units, such as `3 d 4 h`. */
export function duration(/** @type {number} */ seconds) {
  let rest = Math.max(0, Math.round(seconds));
  const parts = [];
  for (const [length, unit] of UNITS) {
    const n = Math.floor(rest / length);
    rest -= n * length;
    if (n > 0) parts.push(`${n} ${unit}`);
    else if (parts.length > 0) break;
  }
  return parts.slice(0, 2).join(' ') || '0 s';
}

/** The time of day in UTC, as in logs. */
export function timeOfDay(/** @type {string | number} */ moment, digits = 0) {
  const date = new Date(moment);
  return Number.isNaN(date.getTime()) ? String(moment) : date.toISOString().slice(11, digits > 0 ? 20 + digits : 19);
}

/** Date and time in UTC, to the minute. */
export function minuteOf(/** @type {string} */ moment) {
  const date = new Date(moment);
  return Number.isNaN(date.getTime()) ? moment : `${date.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}
