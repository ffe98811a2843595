import { messageOf, systemCodeOf } from '../../base/errors.ts';

/** Says for the operator how a request or a response ended: Node's errors may be as short as "aborted". */
export function endingOf(thrown: unknown): string {
  if (thrown instanceof AggregateError && thrown.errors.length > 0) return thrown.errors.map(endingOf).join(', ');
  const message = messageOf(thrown);
  switch (message) {
    case 'aborted':
      return 'the server closed the connection in the middle of a response';
    case 'socket hang up':
      return 'the server closed the connection without a response';
    case 'unexpected end of file':
      return 'the compressed response was cut off';
  }
  // A message with an address is clear enough.
  const detail = /^(connect|read|write) \w+$/.test(message) ? ENDINGS[systemCodeOf(thrown) ?? ''] : undefined;
  return detail === undefined ? message : `${detail} (${message})`;
}

/** Whether the server could not be reached. Attempts may fail with different texts, but belong to one trouble. */
export function isUnreachable(thrown: unknown): boolean {
  return thrown instanceof Error && UNREACHABLE.has(systemCodeOf(thrown.cause) ?? '');
}

const UNREACHABLE: ReadonlySet<string> = new Set(
  'ECONNREFUSED ECONNRESET EHOSTUNREACH ENETUNREACH EPIPE ETIMEDOUT'.split(' '),
);

const ENDINGS: Readonly<Record<string, string>> = {
  ECONNRESET: 'the connection was reset',
  EPIPE: 'the server closed the connection',
  ETIMEDOUT: 'the connection timed out',
};
