import type { Logger } from '../../observe/log.ts';

/** A problem that the operator should correct. */
export interface Problem {
  readonly level: 'warning' | 'error';
  readonly text: string;
  /** The file or path of the problem. It counts as good again when no problem is left. */
  readonly subject?: string;
}

/** The maximum number of new problems that are logged at once. */
const MAX_LOGGED = 20;

/** Logs each problem once while it lasts, and once when its subject is good again. */
export class ProblemLog {
  private readonly log: Logger;
  private texts: ReadonlySet<string> = new Set();
  private subjects: ReadonlySet<string> = new Set();

  constructor(log: Logger) {
    this.log = log;
  }

  /** Reports all present problems. */
  report(problems: readonly Problem[]): void {
    const fresh = problems.filter(({ text }) => !this.texts.has(text));
    for (const { level, text } of fresh.slice(0, MAX_LOGGED)) this.log[level](text);
    if (fresh.length > MAX_LOGGED) this.log.warning(`and ${fresh.length - MAX_LOGGED} more problems of the manifests`);
    const subjects = new Set(problems.flatMap(({ subject }) => subject ?? []));
    for (const subject of this.subjects)
      if (!subjects.has(subject)) this.log.info(`${subject} can be read again without problems`);
    this.texts = new Set(problems.map(({ text }) => text));
    this.subjects = subjects;
  }
}
