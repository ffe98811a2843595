import { expect, test } from 'vitest';
import { run } from './run.ts';
import { UsageError } from './usage.ts';

test.each([
  ['loookup web', 'unknown command "loookup"', 'did you mean lookup?'],
  ['nothing', 'unknown command "nothing"', /^the commands are serve, check, .*help$/],
  ['help lokup', 'unknown command "lokup"', 'did you mean lookup?'],
  ['-cnf Corefile', "unknown option '-cnf'", 'did you mean -conf?'],
  ['--dns.prot 53', "unknown option '-dns.prot'", 'did you mean -dns.port?'],
  ['serve -quite', "unknown option '-quite'", 'did you mean -quiet?'],
  ['check --dns-port 53', "unknown option '--dns-port'", 'did you mean --dns.port?'],
  ['lookup web --tarce', "unknown option '--tarce'", 'did you mean --trace?'],
  ['lookup web -tarce', "unknown option '--tarce'", 'did you mean --trace?'],
  [
    'lookup web --image alpne',
    '--image cannot be "alpne"',
    /^expecting one of debian, alpine, .*; did you mean alpine\?$/,
  ],
  ['lookup web AAAAA', '"AAAAA" is not a record type', 'did you mean AAAA?'],
  ['lookup web --trace=yes', 'invalid boolean value "yes" for -trace', 'write true or false'],
  ['lookup', 'NAME is missing', undefined],
  ['lookup web A B', 'unexpected argument "B"', undefined],
  ['lookup web --corefile', '--corefile needs a value', 'write --corefile FILE'],
  ['-conf', '-conf needs a value', 'write -conf FILE'],
  ['-conf Corefile check', 'unexpected argument "check"', 'put the command first: cairn check [flags]'],
  ['check a --conf b', 'give FILE or --conf, not both', 'leave one of them out'],
  ['completion tcsh', /no completion for "tcsh"/, 'expecting one of bash, zsh, fish'],
  ['health 8080', /not an address/, undefined],
])('cairn %s', async (line, wrong, right) => {
  const error = await run(line.split(' ')).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(UsageError);
  expect((error as UsageError).message).toMatch(wrong);
  if (right === undefined) expect((error as UsageError).right).toBeUndefined();
  else expect((error as UsageError).right).toMatch(right);
});
