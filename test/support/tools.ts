import { execFile, execFileSync } from 'node:child_process';
import { promisify } from 'node:util';
import { PATIENT } from './patience.ts';

/** What a program printed, and how it ended. */
export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end; a failing one is a value too. */
export async function run(
  program: string,
  args: readonly string[],
  options: { cwd?: string; timeoutMs?: number } = {},
): Promise<Ran> {
  const { cwd, timeoutMs = PATIENT.timeout } = options;
  try {
    const { stdout, stderr } = await promisify(execFile)(program, args, { ...(cwd && { cwd }), timeout: timeoutMs });
    return { code: 0, stdout, stderr };
  } catch (error) {
    const { code, stdout = '', stderr = '' } = error as { code?: number; stdout?: string; stderr?: string };
    return { code: typeof code === 'number' ? code : -1, stdout, stderr };
  }
}

/**
 * Whether the machine can run a program that an interop test needs.
 *
 * @throws Error if it cannot, where CAIRN_INTEROP=required says that no such test may be left out.
 */
export function canRun(program: string, args: readonly string[]): boolean {
  try {
    execFileSync(program, args, { stdio: 'ignore' });
    return true;
  } catch (error) {
    if (process.env.CAIRN_INTEROP === 'required')
      throw new Error(`${program} is needed for the interop tests`, { cause: error });
    return false;
  }
}
