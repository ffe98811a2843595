import { printPosition } from '../../corefile/position.ts';
import { isAtOrBelow } from '../../dns/name.ts';
import type { ParseContext } from '../../plugin/plugin.ts';
import type { Stanza } from './options.ts';
import { encryptionOf } from './target.ts';

/** Warns of stanzas that are never asked, and of options for TLS where nothing is asked over it. */
export function warnOfIdleLines(stanzas: readonly Stanza[], { warn }: ParseContext): void {
  for (const [i, stanza] of stanzas.entries()) {
    const { position, tls, tlsServername, to } = stanza;
    const first = stanzas.slice(0, i).find((other) => takesAll(other, stanza));
    if (first) warn(position, `never asked: 'forward' at ${printPosition(first.position)} takes all of its names`);
    const wantsTls = tlsServername !== undefined || tls.position !== position;
    if (wantsTls && !to.some(encryptionOf)) warn(position, 'no upstream has tls:// or https://, so TLS is not used');
  }
}

/** Whether a stanza leaves no query to another one that comes after it: the first that is for a name has it. */
function takesAll({ from, except, next, nextOnNodata }: Stanza, other: Stanza): boolean {
  if (except.length > 0 || next.length > 0 || nextOnNodata) return false;
  return other.from.every((zone) => from.some((wider) => isAtOrBelow(zone, wider)));
}
