import { type Field, isReadBack } from './field.ts';
import { PresentationError, type Words } from './words.ts';

/** RFC 1876 §2: version, three sizes, then latitude, longitude and altitude. */
const OCTETS = 16;
/** The equator and the prime meridian, in thousandths of a second of arc. */
const ORIGIN = 2 ** 31;
/** Altitudes are centimetres above this depth below the spheroid. */
const DEPTH_CM = 10_000_000;

/**
 * The place in a LOC record (RFC 1876), up to the end of the rdata. It stays in octets, as they may be signed; `print` and `parse` convert to and
 * from text.
 */
export const location: Field<Uint8Array> = {
  decode: (reader) => reader.octets(reader.end - reader.offset),
  encode: (writer, octets) => writer.octets(octets),
  print,
  isPrintable: (octets) => octets.length === OCTETS && octets[0] === 0 && isReadBack(location, octets),
  parse,
};

function print(octets: Uint8Array): string {
  const bytes = Buffer.from(octets);
  const metres = (cm: number) => `${(cm / 100).toFixed(2)}m`;
  const size = (at: number) => metres((bytes[at]! >> 4) * 10 ** (bytes[at]! & 15));
  return [
    angle(bytes.readUInt32BE(4), 'N', 'S'),
    angle(bytes.readUInt32BE(8), 'E', 'W'),
    metres(bytes.readUInt32BE(12) - DEPTH_CM),
    ...[size(1), size(2), size(3)],
  ].join(' ');
}

function angle(value: number, positive: string, negative: string): string {
  const milliseconds = Math.abs(value - ORIGIN);
  const [degrees, minutes] = [Math.floor(milliseconds / 3_600_000), Math.floor(milliseconds / 60_000) % 60];
  const seconds = ((milliseconds % 60_000) / 1000).toFixed(3);
  return `${degrees} ${minutes} ${seconds} ${value < ORIGIN ? negative : positive}`;
}

/** `D [M [S]] N|S D [M [S]] E|W ALTITUDE [SIZE [HORIZONTAL [VERTICAL]]]`, metres with or without `m`. */
function parse(words: Words, what: string): Uint8Array {
  const bytes = Buffer.alloc(OCTETS);
  bytes.writeUInt32BE(parseAngle(words, what, 90, 'N', 'S'), 4);
  bytes.writeUInt32BE(parseAngle(words, what, 180, 'E', 'W'), 8);
  bytes.writeUInt32BE(parseCentimetres(words, what, -DEPTH_CM, 2 ** 32 - 1 - DEPTH_CM) + DEPTH_CM, 12);
  // The defaults: a house, in a town, on a hill (RFC 1876 §3).
  for (const [i, defaultCm] of [100, 1_000_000, 1000].entries()) {
    bytes[1 + i] = sizeOf(words.left > 0 ? parseCentimetres(words, what, 0, 9e9) : defaultCm);
  }
  return new Uint8Array(bytes);
}

function parseAngle(words: Words, what: string, maxDegrees: number, positive: string, negative: string): number {
  let milliseconds = 0;
  for (const unit of [3_600_000, 60_000, 1000]) {
    const { text } = words.next(what);
    const hemisphere = text.toUpperCase();
    if (unit < 3_600_000 && (hemisphere === positive || hemisphere === negative)) {
      return ORIGIN + (hemisphere === positive ? milliseconds : -milliseconds);
    }
    const max = unit === 3_600_000 ? maxDegrees : 59.999;
    if (!(unit === 1000 ? /^\d{1,2}(\.\d{1,3})?$/ : /^\d{1,3}$/).test(text) || Number(text) > max) {
      throw new PresentationError(`${what} has the bad number "${text}", expecting degrees, minutes or seconds`);
    }
    milliseconds += Math.round(Number(text) * unit);
  }
  const { text } = words.next(what);
  const hemisphere = text.toUpperCase();
  if ((hemisphere !== positive && hemisphere !== negative) || milliseconds > maxDegrees * 3_600_000) {
    throw new PresentationError(
      `${what} must be at most ${maxDegrees} degrees ${positive} or ${negative}, not "${text}"`,
    );
  }
  return ORIGIN + (hemisphere === positive ? milliseconds : -milliseconds);
}

function parseCentimetres(words: Words, what: string, min: number, max: number): number {
  const { text } = words.next(what);
  const cm = /^-?\d{1,8}(\.\d{1,2})?m?$/i.test(text) ? Math.round(Number.parseFloat(text) * 100) : Number.NaN;
  if (cm >= min && cm <= max) return cm;
  throw new PresentationError(`${what} must have metres such as 10.5m, not "${text}"`);
}

/** One digit and a power of ten, rounded down. */
function sizeOf(cm: number): number {
  const power = cm < 1 ? 0 : Math.min(9, Math.floor(Math.log10(cm)));
  return (Math.floor(cm / 10 ** power) << 4) | power;
}
