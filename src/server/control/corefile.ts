import type { CorefileView } from '../../admin/protocol/index.ts';
import { shownCorefile } from '../configuration/shown.ts';
import type { Controlled } from './controlled.ts';

/** The Corefile that is served. */
export function corefileOf({ instance, corefileHash }: Controlled): CorefileView {
  return { hash: corefileHash, text: shownCorefile(instance?.configuration.blocks ?? []) };
}
