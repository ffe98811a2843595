import { globSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '../..');

/** The pages for users: their paths from the root of the repository. */
export const pages = globSync(['README.md', 'docs/**/*.md', '{deploy,examples}/**/README.md'], {
  cwd: ROOT,
  exclude: ['**/node_modules/**'],
}).toSorted();

/** What a page tells its reader to do: to save a file, or to type a command that prints what the page shows. */
export type Step = (
  | { readonly file: string; readonly text: string }
  | {
      readonly command: string;
      /** Undefined if the page does not show it. */
      readonly output: string | undefined;
    }
) & {
  /** The last heading before it. */
  readonly section: string;
};

/**
 * The steps of a page, in order. A block `sh` has commands, a block `console` also their output, each after a line `$ COMMAND`. The text of
 * any other block is a file if the line before the block ends with its name: "`Corefile`:".
 */
export function stepsOf(page: string): Step[] {
  const text = readFileSync(resolve(ROOT, page), 'utf8');
  return [...text.matchAll(/^( *)(`{3,})(\w*)\n(.*?)^\1\2$/gms)].flatMap((block): Step[] => {
    const [, indent = '', , language, indented = ''] = block;
    const content = indented.replaceAll(new RegExp(`^${indent}`, 'gm'), '');
    const before = text.slice(0, block.index);
    const section = [...before.matchAll(/^#+ (.*)$/gm)].at(-1)?.[1] ?? '';
    if (language === 'console') return shownCommands(content, section);
    if (language === 'sh') return commandsOf(content).map((command) => ({ command, output: undefined, section }));
    const file = /`([^`\s]+)`:$/.exec(before.trimEnd())?.[1];
    return file === undefined ? [] : [{ file, text: content, section }];
  });
}

function shownCommands(content: string, section: string): Step[] {
  return content
    .split(/^\$ /m)
    .slice(1)
    .map((shown) => {
      const [command = ''] = commandsOf(shown);
      return { command, output: shown.slice(command.length).trim(), section };
    });
}

/** A command ends with its line, unless that ends with a backslash. */
function commandsOf(content: string): string[] {
  const commands = [...content.matchAll(/^(?:.*\\\n)*.*$/gm)].map(([command]) => command);
  return commands.filter((command) => !/^\s*(?:#|$)/.test(command));
}
