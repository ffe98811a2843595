import { CairnError } from '../../../base/errors.ts';

/** A template that cannot be read, or cannot be filled in for a query. */
export class TemplateError extends CairnError {
  constructor(message: string) {
    super('TEMPLATE', message);
  }
}
