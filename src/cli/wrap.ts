/** A text in lines of at most this width. Words stay whole, if they fit in a line. */
export function wrap(text: string, width: number): string[] {
  const room = Math.max(width, MIN_WIDTH);
  const lines: string[] = [];
  for (const word of text.split(' ').flatMap((word) => piecesOf(word, room))) {
    const last = lines.at(-1);
    if (last === undefined || last.length + 1 + word.length > room) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines;
}

/** Narrower lines are harder to read than lines that a terminal breaks. */
const MIN_WIDTH = 20;

function piecesOf(word: string, room: number): string[] {
  const pieces: string[] = [];
  for (let at = 0; at === 0 || at < word.length; at += room) pieces.push(word.slice(at, at + room));
  return pieces;
}
