import { CairnError } from '../base/errors.ts';

/** The exit status for a command line that cannot be read, as with CoreDNS. */
export const USAGE_STATUS = 2;

/** The command line cannot be read. */
export class UsageError extends CairnError {
  /** What would be right, in one line; without it, the usage of the command is printed. */
  readonly right: string | undefined;

  constructor(message: string, right?: string, options?: { cause?: unknown }) {
    super('USAGE', message, options);
    this.right = right;
  }
}
