import { expect, test } from 'vitest';
import { unreachable } from './client.ts';

test.each([
  [
    'EACCES',
    /^the admin interface refuses this user \(EACCES\): only the user of the server, and root, may open \/run\/s$/,
  ],
  ['ENOENT', /^no admin interface at \/run\/s \(ENOENT\): add 'admin' to a server block of its Corefile/],
  ['ECONNRESET', /^no admin interface at \/run\/s \(ECONNRESET\)$/],
])('%s says what to do, if that is known', (code, message) => {
  expect(unreachable('/run/s', Object.assign(new Error(code), { code })).message).toMatch(message);
});
