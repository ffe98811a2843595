import { existsSync, readFileSync, statSync } from 'node:fs';
import { CairnError } from '../errors.ts';

/** The Corefile that the command line means: where it is, and its text if it cannot be read again. */
export interface CorefileInput {
  readonly file: string;
  readonly text?: string;
  /** The folder that has no Corefile, where the text takes its place. */
  readonly missingIn?: string;
}

const STDIN_FD = 0;
const DEFAULT_FILE = 'Corefile';

/** @throws CairnError when what was asked for is no file. */
export function findCorefile(conf: string | undefined): CorefileInput {
  if (conf === '-' || conf === 'stdin') return { file: 'stdin', text: readFileSync(STDIN_FD, 'utf8') };
  if (conf === undefined) {
    return existsSync(DEFAULT_FILE)
      ? { file: DEFAULT_FILE }
      : { file: DEFAULT_FILE, text: '', missingIn: process.cwd() };
  }
  const found = statSync(conf, { throwIfNoEntry: false });
  if (found?.isDirectory() === false) return { file: conf };
  const problem = found ? 'is a directory' : 'no such file or directory';
  throw new CairnError('COREFILE', `loading Corefile via flag: open ${conf}: ${problem}`);
}
