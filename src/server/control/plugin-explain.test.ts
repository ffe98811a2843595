import { expect, test } from 'vitest';
import { startControlled } from '../../../test/support/control.ts';
import { folderWith } from '../../../test/support/folder.ts';

const ZONE = '@ 60 SOA ns root 7 2 3 4 5\n@ 60 NS ns\nns 60 A 192.0.2.53\nwww 60 A 192.0.2.1\n';
const FILES = { 'db.example.org': ZONE, hosts: '192.0.2.9 a.test\n' };

test.each([
  ['file FOLDER/db.example.org example.org', 'the zone example.org. (FOLDER/db.example.org, serial 7)', []],
  ['auto example.org {\n directory FOLDER\n}', 'the zone example.org. (FOLDER/db.example.org, serial 7)', []],
  [
    'secondary example.org {\n transfer from 127.0.0.1:1\n}',
    'the zone example.org. cannot be served: it was not copied yet',
    ['127.0.0.1:1'],
  ],
  ['hosts FOLDER/hosts', 'FOLDER/hosts', []],
  ['hosts FOLDER/db.example.org', 'a.test. is not in FOLDER/db.example.org', []],
  ['hosts FOLDER/hosts {\n 192.0.2.1 b.test\n}', 'FOLDER/hosts and the hosts of the Corefile', []],
  ['template IN A test {\n answer "{{ .Name }} 60 A 192.0.2.1"\n}', 'the template at Corefile:4:1', []],
  ['acl {\n drop\n}', "the rule 'drop' at Corefile:5:2", []],
])('%j says why it answers', async (directive, reason, wouldAsk) => {
  const folder = folderWith(FILES);
  const isTest = /^(hosts|template)/.test(directive);
  const { control } = await startControlled(`. {\n${directive.replaceAll('FOLDER', folder)}\n whoami\n}`);
  const { candidates } = await control.explain({
    ...{ name: isTest ? 'a.test.' : 'www.example.org.', type: 1, protocol: 'udp' },
    client: { address: '127.0.0.1', port: 5000 },
  });
  const [candidate] = candidates;
  expect(candidate).toMatchObject({
    plugin: directive.split(' ')[0],
    reason: reason.replaceAll('FOLDER', folder),
    wouldAsk,
  });
});
