import { constants, rmSync, statSync, writeFileSync } from 'node:fs';
import { messageOf } from '../base/errors.ts';
import { readTextNow } from '../base/read-file.ts';
import type { Logger } from '../observe/log.ts';

/** A file with the ID of this process. */
export interface Pidfile {
  /** Removes the file, unless another process has written it since, such as one that takes over. Never throws. */
  remove(): void;
}

/** If the file is a FIFO, opening it must not wait for a reader. */
const PIDFILE_FLAGS = constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_NONBLOCK;
const MAX_PIDFILE_OCTETS = 64;

/** A pidfile that cannot be written does not stop the server. */
export function writePidfile(path: string, log: Logger): Pidfile | undefined {
  const text = `${process.pid}\n`;
  try {
    writeFileSync(path, text, { flag: PIDFILE_FLAGS as unknown as string });
  } catch (error) {
    log.error(`Could not write pidfile: ${messageOf(error)}`);
    return undefined;
  }
  return {
    remove() {
      try {
        if (statSync(path).isFile() && readTextNow(path, MAX_PIDFILE_OCTETS) === text) rmSync(path);
      } catch {} // it is gone, or belongs to someone else
    },
  };
}
