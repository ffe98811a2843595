import { expect, test } from 'vitest';
import { readArguments } from '../arguments.ts';
import { defineRun } from '../commands/run.ts';
import { createProgram } from '../program.ts';
import { run } from '../run.ts';
import { readRun } from './options.ts';

/** What `cairn run` reads from these arguments. */
function parseRun(args: readonly string[]) {
  const command = defineRun().action(() => {});
  const [, ...own] = readArguments(
    ['run', ...args],
    createProgram(() => {}),
  );
  command.parse(own, { from: 'user' });
  return readRun(command.args, command.opts());
}

test('flags end at "--", and the rest is the command', () => {
  const flags = parseRun(['-n', 'shop', '--manifests', 'a', '--manifests', 'b', '--', 'curl', '-h', '--', 'x']);
  expect(flags).toEqual({
    command: ['curl', '-h', '--', 'x'],
    corefile: { file: 'a b', text: expect.stringMatching(/ manifests ".*\/a" ".*\/b"\n/) },
    ...{ namespace: 'shop', pod: undefined, plugin: [] },
    ...{ serve: [], hostNetwork: false, image: undefined },
  });
});

test.each([
  ['shop/web=8080', { port: undefined, to: { address: '127.0.0.1', port: 8080 } }],
  ['shop/web:http=192.0.2.1:8080', { port: 'http', to: { address: '192.0.2.1', port: 8080 } }],
  ['shop/web:80=[::1]:8080', { port: '80', to: { address: '::1', port: 8080 } }],
  ['shop/web=localhost:8080', { port: undefined, to: { address: 'localhost', port: 8080 } }],
])('--serve %s', (text, serve) => {
  expect(parseRun(['--serve', text, '--', 'true']).serve).toEqual([{ namespace: 'shop', name: 'web', ...serve }]);
});

test('--pod may name the namespace, too', () => {
  expect(parseRun(['--pod', 'shop/db-0', '--', 'true'])).toMatchObject({ namespace: 'shop', pod: 'db-0' });
});

test.each([
  ['', /PROGRAM is missing/],
  ['--', /PROGRAM is missing/],
  ['true', /unexpected argument "true"/],
  ['sh -c true', /unexpected argument "sh"/],
  ['-n shop curl http://web/', /unexpected argument "curl"/],
  ['--pod a/b -n c -- true', /--pod a\/b is not in the namespace c/],
  ['-n Shop -- true', /--namespace cannot be "Shop"/],
  ['--pod a/ -- true', /--pod cannot be "a\/"/],
  ['--serve shop/web=80 --serve shop/web=80 -- true', /--serve shop\/web is given twice/],
  ['--serve shop/web=www.example.org:80 -- true', /--serve .*: "www\.example\.org" is not an address/],
  ['--nosuch -- true', /unknown option '--nosuch'/],
  ['--manifests a --corefile b -- true', /give --corefile or --manifests, not both/],
  ['--net bridge -- true', /--net cannot be "bridge"/],
  ['--net host --serve shop/web=80 -- true', /give --serve or --net host, not both/],
  ['--image suse -- true', /--image cannot be "suse"/],
  ['--serve web=80 -- true', /--serve cannot be "web=80"/],
  ['--serve shop/web=0 -- true', /--serve cannot be/],
  ['--serve shop/web=65536 -- true', /--serve cannot be/],
  ['--serve shop/web -- true', /--serve cannot be/],
])('"%s" is refused', (args, reason) => {
  expect(() => parseRun(args.split(' ').filter(Boolean))).toThrow(reason);
});

test('another system than Linux is told so', async () => {
  const { platform } = process;
  Object.defineProperty(process, 'platform', { value: 'darwin' });
  try {
    await expect(run(['run', '--', 'true'])).rejects.toThrow('cairn run needs Linux: darwin has no namespaces');
  } finally {
    Object.defineProperty(process, 'platform', { value: platform });
  }
});
