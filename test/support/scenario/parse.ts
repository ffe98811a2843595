/** One thing that happens in a scenario, or must have happened: a line of words, and the indented lines below it. */
export interface Step {
  /** `FILE:LINE`, for errors. */
  readonly place: string;
  readonly words: readonly string[];
  /** Without the indentation that all lines have in common. */
  readonly body: readonly string[];
}

export interface Scenario {
  readonly title: string;
  readonly steps: readonly Step[];
}

/**
 * Reads a file of scenarios: each begins with a line `=== TITLE`, and what is above the first is for readers only. Lines
 * that begin with `#` are comments.
 */
export function parseScenarios(file: string, text: string): Scenario[] {
  const scenarios: { title: string; steps: { place: string; words: string[]; body: string[] }[] }[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    const place = `${file}:${index + 1}`;
    const current = scenarios.at(-1);
    if (line.startsWith('=== ')) {
      scenarios.push({ title: line.slice(4).trim(), steps: [] });
    } else if (current && line.trim() !== '' && !line.startsWith('#')) {
      const step = current.steps.at(-1);
      if (!line.startsWith(' ')) current.steps.push({ place, words: line.trim().split(/\s+/), body: [] });
      else if (step) step.body.push(line);
      else throw new Error(`${place}: an indented line belongs to the step above it, and there is none`);
    }
  }
  return scenarios.map(({ title, steps }) => ({
    title,
    steps: steps.map(({ place, words, body }) => ({ place, words, body: dedent(body) })),
  }));
}

function dedent(lines: readonly string[]): string[] {
  const indent = Math.min(...lines.map((line) => line.search(/\S/)));
  return lines.map((line) => line.slice(indent));
}
