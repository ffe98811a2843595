/*
 * Pages of documentation as a reader follows them. A block whose first line is a comment with a path is a file, a `diff` block changes one, and a
 * `console` block has commands with what they print; a line `...` stands for anything.
 */

export type Step =
  | { readonly kind: 'file'; readonly path: string; readonly text: string }
  | { readonly kind: 'change'; readonly path: string; readonly before: string; readonly after: string }
  | { readonly kind: 'command'; readonly line: string; readonly prints: string };

/** What a reader does below one heading. */
export interface Story {
  readonly title: string;
  readonly steps: readonly Step[];
}

const BLOCK = /^```(\w+)\n(.*?)^```$/gms;
const PATH = /^(?:\/\/|#) ([\w./-]+\.\w+|Corefile)\n/;

/** The steps of a page, or of a part of it. */
export function stepsOf(page: string): Step[] {
  return [...page.matchAll(BLOCK)].flatMap(([, language, text = '']): Step[] => {
    if (language === 'console') return commandsIn(text);
    if (language === 'diff') return [changeIn(text)];
    const path = PATH.exec(text)?.[1];
    return path === undefined ? [] : [{ kind: 'file', path, text }];
  });
}

/** The sections of a page that have steps; each begins with the steps above all of them. */
export function storiesOf(page: string): Story[] {
  const [intro = '', ...sections] = page.split(/^## /m);
  return sections
    .map((section) => ({ title: section.slice(0, section.indexOf('\n')), steps: stepsOf(section) }))
    .filter(({ steps }) => steps.length > 0)
    .map(({ title, steps }) => ({ title, steps: [...stepsOf(intro), ...steps] }));
}

function commandsIn(text: string): Step[] {
  return text
    .split(/^\$ /m)
    .slice(1)
    .map((command) => {
      const end = command.indexOf('\n');
      return { kind: 'command', line: command.slice(0, end), prints: command.slice(end + 1) };
    });
}

function changeIn(text: string): Step {
  const path = PATH.exec(text.slice(1))?.[1];
  if (path === undefined) throw new Error(`the first line of a diff names its file:\n${text}`);
  const lines = text.split('\n').slice(1, -1);
  const side = (left: string) =>
    lines
      .filter((line) => !line.startsWith(left))
      .map((line) => `${line.slice(1)}\n`)
      .join('');
  return { kind: 'change', path, before: side('+'), after: side('-') };
}
