import { CairnError } from '../../base/errors.ts';

/** A peer sent octets that are not a valid message. The peer gets FORMERR or no response, and nothing else happens. */
export class WireError extends CairnError {
  constructor(message: string) {
    super('WIRE', message);
  }
}
