import type { ServerStatus } from '../../admin/protocol/index.ts';
import { printableLine } from '../../observe/printable.ts';
import type { StatusValues } from '../commands/status.ts';
import { paint, printJson } from '../terminal.ts';
import { ask } from './client.ts';
import { statusLines } from './status-lines.ts';

/** Lines of this width fit everywhere. */
const WIDTH = 80;

/** `cairn status`: prints how a server does. The result is the exit status. */
export async function status(values: StatusValues): Promise<number> {
  const found = await ask<ServerStatus>(values, '/v1/status');
  if (values.json) process.stdout.write(printJson(found));
  else process.stdout.write(printStatus(found, process.stdout));
  return found.state === 'ok' ? 0 : 1;
}

function printStatus(found: ServerStatus, stream: NodeJS.WriteStream): string {
  const lines = statusLines(found, stream.columns ?? WIDTH, Date.now());
  return lines
    .map(
      (line) =>
        `${line.map(([text, style]) => (style ? paint(style, printableLine(text), stream) : printableLine(text))).join('')}\n`,
    )
    .join('');
}
