import { expect, test } from 'vitest';
import { VERSION } from '../../version.ts';
import { userAgent } from './user-agent.ts';

test.each([
  ['linux', 'x64', 'linux/amd64'],
  ['linux', 'arm64', 'linux/arm64'],
  ['darwin', 'arm64', 'darwin/arm64'],
  ['win32', 'x64', 'windows/amd64'],
  ['linux', 'riscv64', 'linux/riscv64'],
])('%s on %s', (system, architecture, expected) => {
  expect(userAgent(system, architecture)).toBe(`cairn/${VERSION} (${expected})`);
});
