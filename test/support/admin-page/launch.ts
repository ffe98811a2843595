import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';
import { PATIENT } from '../patience.ts';
import { canRun } from '../tools.ts';

const PROGRAM = 'chromium';

/** Whether there is a browser to test in. @throws Error without one where no test may be left out */
export const hasBrowser = () => canRun(PROGRAM, ['--version']);

export async function launch(): Promise<Browser> {
  const folders = (process.env.PATH ?? '').split(delimiter);
  const executablePath = folders.map((folder) => join(folder, PROGRAM)).find(isExecutable);
  // In a container, /dev/shm is too small.
  return chromium.launch({
    ...(executablePath && { executablePath }),
    args: ['--disable-dev-shm-usage'],
    timeout: PATIENT.timeout,
  });
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
