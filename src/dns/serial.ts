/** RFC 1982 §3.2: whether serial `a` is greater than `b`. */
export function isNewer(a: number, b: number): boolean {
  return a !== b && (a - b) >>> 0 < 2 ** 31;
}
