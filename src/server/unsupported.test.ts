import { expect, test } from 'vitest';
import { plugins } from '../plugins.ts';
import { corefileSource } from './corefile-source.ts';
import { UNSUPPORTED } from './unsupported.ts';

test.each(Object.entries(UNSUPPORTED))('%s is refused, with what to do instead', (name, instead) => {
  const source = corefileSource({ file: 'Corefile', text: `. {\n  ${name} x\n}\n`, plugins, dnsPort: 0 });
  expect(() => source.load()).toThrow(
    `Corefile:2:3 - Error during parsing: Unknown directive '${name}' - it is not supported: ${instead}`,
  );
});

test('what there is, is not called unsupported', () => {
  expect(plugins.filter(({ name }) => Object.hasOwn(UNSUPPORTED, name))).toEqual([]);
});
