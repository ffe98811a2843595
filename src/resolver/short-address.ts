/** Hexadecimal, octal, decimal. */
const PART = /^(?:0x[\da-f]+|0[0-7]*|[1-9]\d*)$/i;
const OCTET = 256;

/** The IPv4 address that inet_aton reads in a text of one to four decimal, octal (`0…`) or hexadecimal (`0x…`) numbers, such as `127.1`. */
export function readShortAddress(text: string): string | undefined {
  const words = text.split('.');
  if (words.length > 4 || !words.every((word) => PART.test(word))) return undefined;
  const numbers = words.map((word) => (/^0\d/.test(word) ? Number.parseInt(word, 8) : Number(word)));
  const last = numbers.pop()!;
  if (!(last < OCTET ** (4 - numbers.length)) || !numbers.every((number) => number < OCTET)) return undefined;
  const high = numbers.reduce((sum, number, i) => sum + number * OCTET ** (3 - i), 0);
  const whole = high + last;
  return [3, 2, 1, 0].map((i) => Math.floor(whole / OCTET ** i) % OCTET).join('.');
}
