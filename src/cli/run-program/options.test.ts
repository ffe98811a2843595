import { expect, test } from 'vitest';
import { runProgram } from './index.ts';
import { parseRun } from './options.ts';

test('flags end at "--", and the rest is the command', () => {
  const flags = parseRun(['-n', 'shop', '--manifests', 'a', '--manifests', 'b', '--', 'curl', '-h', '--', 'x']);
  expect(flags).toEqual({
    command: ['curl', '-h', '--', 'x'],
    ...{ namespace: 'shop', pod: undefined, corefile: undefined, manifests: ['a', 'b'], plugin: [] },
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

test.each([
  ['', /COMMAND is missing: write it after "--"\nUsage:/],
  ['--', /COMMAND is missing/],
  ['true', /unexpected argument "true": the command begins after "--"/],
  ['--nosuch -- true', /Unknown option '--nosuch'/],
  ['--manifests a --corefile b -- true', /give --manifests or --corefile, not both/],
  ['--net bridge -- true', /--net is host, not "bridge"/],
  ['--net host --serve shop/web=80 -- true', /give --serve or --net host, not both/],
  ['--image suse -- true', /--image is one of debian, alpine, alpine-3\.17, not "suse"/],
  ['--serve web=80 -- true', /--serve is NAMESPACE\/NAME\[:PORT\]=\[ADDRESS:\]PORT, .*, not "web=80"/],
  ['--serve shop/web=0 -- true', /--serve is NAMESPACE/],
  ['--serve shop/web=65536 -- true', /--serve is NAMESPACE/],
  ['--serve shop/web -- true', /--serve is NAMESPACE/],
])('"%s" is refused', (args, reason) => {
  expect(() => parseRun(args.split(' ').filter(Boolean))).toThrow(reason);
});

test('another system than Linux is told so', async () => {
  const { platform } = process;
  Object.defineProperty(process, 'platform', { value: 'darwin' });
  try {
    await expect(runProgram.run(['--', 'true'])).rejects.toThrow('cairn run needs Linux: darwin has no namespaces');
  } finally {
    Object.defineProperty(process, 'platform', { value: platform });
  }
});
