import { once } from 'node:events';
import { readFileSync, statSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { folderWith } from '../../test/support/folder.ts';
import { run } from '../../test/support/tools.ts';
import { listenError, listenUnix } from './listen.ts';

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

function newServer(): Server {
  const server = createServer();
  onTestFinished(() => void server.close());
  return server;
}

const modeOf = (path: string) => statSync(path).mode & 0o777;

test('a private Unix socket is for one user, from the first moment on, and the mask of the process stays', async () => {
  const path = join(folderWith({}), 'socket');
  const server = newServer();
  const mask = process.umask();
  const listens = listenUnix(server, path, true);
  expect(modeOf(path)).toBe(0o600);
  expect(process.umask()).toBe(mask);
  await listens;
  expect(modeOf(path)).toBe(0o600);
  server.close();
  await once(server, 'close');
  expect(statSync(path, { throwIfNoEntry: false })).toBeUndefined();
});

test('a socket that nobody listens at gives way; one in use and other files stay', async () => {
  const folder = folderWith({ file: 'precious' });
  const path = join(folder, 'socket');
  const program = `require('net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`;
  await run(process.execPath, ['-e', program]);
  expect(statSync(path).isSocket()).toBe(true);
  await listenUnix(newServer(), path);
  await expect(listenUnix(newServer(), path)).rejects.toThrow(
    `cannot listen on ${path}: another program listens there; choose another path`,
  );
  await expect(listenUnix(newServer(), join(folder, 'file'))).rejects.toThrow(
    'the file is not a socket; choose another path',
  );
  expect(readFileSync(join(folder, 'file'), 'utf8')).toBe('precious');
  await expect(listenUnix(newServer(), join(folder, 'none/socket'))).rejects.toThrow('or there is no such folder');
});
