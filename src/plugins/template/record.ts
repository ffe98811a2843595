import { CairnError } from '../../base/errors.ts';
import { parseRecord } from '../../dns/presentation.ts';
import type { ResourceRecord } from '../../dns/rr.ts';
import type { List } from './go/ast.ts';
import { TemplateError } from './go/error.ts';
import { evaluate } from './go/evaluate.ts';
import type { Struct } from './go/value.ts';

/** A template whose result is a record in zone-file text. */
export interface RecordTemplate {
  readonly source: string;
  readonly list: List;
}

/** The TTL of a record without one. */
const DEFAULT_TTL = 3600;

/** The result of a template is not a record. */
export class RecordError extends CairnError {
  constructor(text: string, cause: Error) {
    super('TEMPLATE_RECORD', `"${text}" is not a record: ${cause.message}`, { cause });
  }
}

/** The record that a template makes; undefined if its text is blank. @throws TemplateError, RecordError */
export function makeRecord({ list }: RecordTemplate, data: Struct): ResourceRecord | undefined {
  const text = evaluate(list, data).trim();
  if (text === '') return undefined;
  try {
    return parseRecord(text, { ttl: DEFAULT_TTL });
  } catch (thrown) {
    if (thrown instanceof CairnError) throw new RecordError(text, thrown);
    throw thrown;
  }
}

/** Checks at once whether a template without actions is a record. @throws RecordError */
export function checkFixedRecord(template: RecordTemplate): void {
  if (template.list.every(({ kind }) => kind === 'text')) makeRecord(template, {});
}

/** Whether an error is about a template that fails for a query, rather than a fault of this program. */
export function isTemplateFailure(thrown: unknown): thrown is TemplateError | RecordError {
  return thrown instanceof TemplateError || thrown instanceof RecordError;
}
