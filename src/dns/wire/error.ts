import { CairnError } from '../../base/errors.ts';

/** A peer sent octets that are not what they claim to be. Costs the peer a FORMERR or silence, never more. */
export class WireError extends CairnError {
  constructor(message: string) {
    super('WIRE', message);
  }
}
