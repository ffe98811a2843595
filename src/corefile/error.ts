import { CairnError } from '../base/errors.ts';
import { type Position, printPosition } from './position.ts';
import type { CorefileWarning } from './warnings.ts';

type CorefileErrorKind = 'Error during parsing' | 'Syntax error';

/** One mistake in a Corefile. Its message begins with the position: `FILE:LINE:COLUMN - KIND: DETAIL`. */
export class CorefileError extends CairnError {
  readonly position: Position;
  readonly detail: string;
  readonly kind: CorefileErrorKind;

  constructor(position: Position, detail: string, kind: CorefileErrorKind = 'Error during parsing') {
    super('COREFILE', `${printPosition(position)} - ${kind}: ${detail}`);
    this.position = position;
    this.detail = detail;
    this.kind = kind;
  }
}

/**
 * Whether it is a mistake in the Corefile. It is recognized by its properties rather than by its class: a plugin may have another copy of the class.
 */
export function isCorefileError(thrown: unknown): thrown is CorefileError {
  return hasCorefileCode(thrown) && 'position' in thrown && 'detail' in thrown;
}

/** Whether it holds several mistakes; recognized in the same way. */
function isCorefileErrors(thrown: unknown): thrown is CorefileErrors {
  return hasCorefileCode(thrown) && 'errors' in thrown && Array.isArray(thrown.errors);
}

function hasCorefileCode(thrown: unknown): thrown is Error {
  return thrown instanceof Error && 'code' in thrown && thrown.code === 'COREFILE';
}

/** Several mistakes, so that the operator sees all at once. The message has one line for each. */
export class CorefileErrors extends CairnError {
  readonly errors: readonly CorefileError[];
  /** Warnings besides them, which may show their cause. */
  readonly warnings: readonly CorefileWarning[];

  constructor(errors: readonly CorefileError[], warnings: readonly CorefileWarning[] = []) {
    super('COREFILE', errors.map((error) => error.message).join('\n'));
    this.errors = errors;
    this.warnings = warnings;
  }
}

export function printWarning({ position, message }: Pick<CorefileWarning, 'position' | 'message'>): string {
  return `${printPosition(position)} - ${message}`;
}

/** The error for text that breaks the grammar of the language. */
export function syntaxError(position: Position, detail: string): CorefileError {
  return new CorefileError(position, detail, 'Syntax error');
}

/** Runs `run` and collects the Corefile errors that it throws; any other error goes to the caller. */
export function attempt<T>(errors: CorefileError[], run: () => T): T | undefined {
  try {
    return run();
  } catch (thrown) {
    if (isCorefileError(thrown)) errors.push(thrown);
    else if (isCorefileErrors(thrown)) errors.push(...thrown.errors);
    else throw thrown;
    return undefined;
  }
}

/** Reads the value of a token. An error about the value, such as a NameError, becomes a CorefileError at the token's position. */
export function atToken<T>({ position }: { readonly position: Position }, read: () => T): T {
  try {
    return read();
  } catch (thrown) {
    if (!(thrown instanceof CairnError) || isCorefileError(thrown) || isCorefileErrors(thrown)) {
      throw thrown;
    }
    throw new CorefileError(position, thrown.message);
  }
}

/** @throws a single error as it is, several as CorefileErrors. */
export function throwAll(errors: readonly CorefileError[]): void {
  const [first] = errors;
  if (first !== undefined) throw errors.length === 1 ? first : new CorefileErrors(errors);
}

/** Runs the set-up of a plugin: the Corefile errors it throws name the plugin, `plugin/NAME: DETAIL`. */
export function inPlugin<T>(name: string, run: () => T): T {
  const errors: CorefileError[] = [];
  const result = attempt(errors, run);
  throwAll(errors.map(({ position, detail, kind }) => new CorefileError(position, `plugin/${name}: ${detail}`, kind)));
  return result as T;
}

/**
 * The reports without duplicates, as a snippet may be read many times. They are sorted by position in a file; files are in the order of their first
 * report.
 */
export function inOrder<T extends CorefileError | CorefileWarning>(reports: readonly T[]): T[] {
  const files = [...new Set(reports.map(({ position }) => position.file))];
  const unique = new Map(reports.map((report) => [`${printPosition(report.position)} ${report.message}`, report]));
  return [...unique.values()].sort(
    ({ position: a }, { position: b }) =>
      files.indexOf(a.file) - files.indexOf(b.file) || a.line - b.line || a.column - b.column,
  );
}
