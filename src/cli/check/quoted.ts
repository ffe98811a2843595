/** How many hexadecimal digits follow an escape. */
const DIGITS: Readonly<Record<string, number>> = { x: 2, u: 4, U: 8 };

/**
 * The offset in a YAML file of each character of a text in double quotes (YAML 1.2 §7.3.1). `kubectl get -o yaml` and JSON write texts in this way.
 *
 * @param begin the offset of the opening quote
 * @param end the offset behind the closing quote
 */
export function decodedOffsets(source: string, begin: number, end: number): readonly number[] {
  const offsets: number[] = [];
  /** How many characters there are up to the last one that is not a blank which folding would remove. */
  let kept = 0;
  for (let at = begin + 1; at < end - 1; ) {
    const char = source[at]!;
    if (char === '\n' || char === '\r') {
      offsets.length = kept;
      const [gap] = /^[\s]+/.exec(source.slice(at))!;
      const lines = gap.split('\n').length - 1;
      for (let count = Math.max(1, lines - 1); count > 0; count--) offsets.push(at);
      at += gap.length;
      kept = offsets.length;
    } else if (char !== '\\') {
      offsets.push(at++);
      if (char !== ' ' && char !== '\t') kept = offsets.length;
    } else {
      const next = source[at + 1]!;
      if (next === '\n' || next === '\r') {
        at += 1 + /^\r?\n[ \t]*/.exec(source.slice(at + 1))![0].length;
      } else {
        const digits = DIGITS[next] ?? 0;
        const code = digits === 8 ? Number.parseInt(source.slice(at + 2, at + 10), 16) : 0;
        offsets.push(...(code > 0xffff ? [at, at] : [at]));
        at += 2 + digits;
      }
      kept = offsets.length;
    }
  }
  return offsets;
}
