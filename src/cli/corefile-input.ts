import { constants, existsSync, openSync, statSync } from 'node:fs';
import { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { CairnError } from '../base/errors.ts';
import { MAX_COREFILE_OCTETS } from '../corefile/files.ts';

/** The Corefile that the command line names: its path, and its text if it cannot be read again. */
export interface CorefileInput {
  readonly file: string;
  readonly text?: string;
  /** The folder that has no Corefile; `text` is used instead. */
  readonly missingIn?: string;
  /** It serves a running cluster, and nothing else: what is wrong with the cluster is the reason of each response. */
  readonly isRunning?: boolean;
}

const DEFAULT_FILE = 'Corefile';

/**
 * The command line may also name a pipe, which is read to its end: `-`, or a FIFO such as the shell makes of `<(COMMAND)`. The writer may take any
 * time, and signals work meanwhile.
 *
 * @throws CairnError when the path does not lead to a file.
 */
export async function findCorefile(conf: string | CorefileInput | undefined): Promise<CorefileInput> {
  if (typeof conf === 'object') return conf;
  if (conf === '-' || conf === 'stdin') return { file: 'stdin', text: await textOf('-') };
  if (conf === undefined) {
    return existsSync(DEFAULT_FILE)
      ? { file: DEFAULT_FILE }
      : { file: DEFAULT_FILE, text: '', missingIn: process.cwd() };
  }
  const found = statSync(conf, { throwIfNoEntry: false });
  if (found?.isFIFO()) return { file: conf, text: await textOf(conf) };
  if (found?.isDirectory() === false) return { file: conf };
  const problem = found ? 'is a directory' : 'no such file or directory';
  throw new CairnError('COREFILE', `loading Corefile via flag: open ${conf}: ${problem}`);
}

/** Opens a pipe without waiting for a writer. The stream waits instead: a thread that waits in the system call would keep the process from ending. */
function openPipe(path: string): Readable {
  return new Socket({ fd: openSync(path, constants.O_RDONLY | constants.O_NONBLOCK), readable: true, writable: false });
}

async function textOf(path: string): Promise<string> {
  return (await readPipe(path)).toString('utf8');
}

/** Reads a FIFO, or standard input (`-`), to its end. @throws CairnError for more than a Corefile may have */
export async function readPipe(path: string): Promise<Buffer> {
  const isStdin = path === '-' || path === 'stdin';
  const pipe: Readable = isStdin ? process.stdin : openPipe(path);
  const chunks: Buffer[] = [];
  let octets = 0;
  for await (const chunk of pipe as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    octets += chunk.length;
    if (octets > MAX_COREFILE_OCTETS) {
      const name = isStdin ? 'stdin' : path;
      throw new CairnError('COREFILE', `${name} has more than ${MAX_COREFILE_OCTETS} octets, the limit of a Corefile`);
    }
  }
  return Buffer.concat(chunks);
}
