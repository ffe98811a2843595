import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import type { CommandUnknownOpts } from '@commander-js/extra-typings';
import { examplesOf } from '../src/cli/define.ts';
import { createProgram } from '../src/cli/program.ts';

/** The path of the page. */
export const COMMANDS_PAGE = resolve(import.meta.dirname, '../docs/commands.md');

const WIDTH = 100;

const HEAD = `# Commands

\`cairn help COMMAND\` and \`cairn COMMAND --help\` print these texts, and the package has them as manual pages: \`man cairn\`, \`man cairn-lookup\`.
\`npm run docs\` writes this page.

- Flags may have one dash or two, and a value after a blank or \`=\`. A typing error gets a suggestion.
- The exit status is 2 if the command line is wrong, and 1 after another error.
- Output to a terminal has colours, unless \`NO_COLOR\` is set. With \`FORCE_COLOR\` there are colours in files and pipes, too.
- \`cairn completion bash\`, \`zsh\` or \`fish\` prints a script that makes the shell complete commands, flags and values.
`;

/** The page with the help of all commands. */
export function commandsPage(): string {
  const program = createProgram(() => {});
  const commands = program.commands.filter((command) => command.name() !== 'serve');
  return HEAD + [program, ...commands].map(sectionOf).join('');
}

function sectionOf(command: CommandUnknownOpts): string {
  command.configureOutput({ getOutHelpWidth: () => WIDTH });
  const help = stripVTControlCharacters(command.helpInformation()).trimEnd();
  const examples = examplesOf(command).map(({ line, effect }) => `# ${effect}\n${line}\n`);
  const title = command.parent ? `${command.parent.name()} ${command.name()}` : command.name();
  return `\n## ${title}\n\n\`\`\`\n${help}\n\`\`\`\n\n\`\`\`sh\n${examples.join('')}\`\`\`\n`;
}

if (import.meta.main) writeFileSync(COMMANDS_PAGE, commandsPage());
