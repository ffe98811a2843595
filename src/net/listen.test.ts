import { expect, test } from 'vitest';
import { listenError } from './listen.ts';

test.each([
  [
    'EADDRINUSE',
    { address: '10.0.0.1', port: 53 },
    'cannot listen on TCP 10.0.0.1:53: it is already in use; stop the program that has it, or choose another address or port',
  ],
  [
    'EACCES',
    { port: 53 },
    'cannot listen on TCP :53: permission denied; ports below 1024 need root or the capability NET_BIND_SERVICE',
  ],
  [
    'EADDRNOTAVAIL',
    { address: 'fe80::1%eth0', port: 53 },
    'cannot listen on TCP [fe80::1%eth0]:53: this machine does not have that address, or not yet',
  ],
  ['EPERM', { port: 53 }, 'cannot listen on TCP :53: it failed'],
])('%s is explained', (code, target, text) => {
  const error = listenError('TCP', target, Object.assign(new Error('it failed'), { code }));
  expect(error.message).toBe(text);
  expect(error.cause).toMatchObject({ code });
});
