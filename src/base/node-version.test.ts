import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { checkNodeVersion } from './node-version.ts';

const { engines } = JSON.parse(readFileSync(resolve(import.meta.dirname, '../../package.json'), 'utf8'));
const [oldest] = /[\d.]+/.exec(engines.node)!;

test.each([oldest, `${oldest}.0`, '22.23.3', '24.0.0', '26.10.0'])('Node.js %s is new enough', (version) => {
  expect(() => checkNodeVersion(version)).not.toThrow();
});

test.each(['22.14.0', '20.19.6', '18.20.8', '8.17.0'])('Node.js %s is too old, which one sentence says', (version) => {
  let thrown: unknown;
  try {
    checkNodeVersion(version);
  } catch (error) {
    thrown = error;
  }
  const message = `Cairn needs Node.js ${oldest} or newer; this is ${version}`;
  expect(thrown).toMatchObject({ code: 'NODE_VERSION', message, stack: message });
});
