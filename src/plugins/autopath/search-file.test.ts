import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { fakeClock } from '../../../test/support/clock.ts';
import { folderWith } from '../../../test/support/folder.ts';
import { createLogger } from '../../observe/log.ts';
import { MAX_RESOLV_CONF_OCTETS } from '../../resolver/resolv-conf.ts';
import { MAX_DOMAINS, openSearchFile } from './search-file.ts';

async function read(text: string) {
  const lines: string[] = [];
  const log = createLogger((_, line) => lines.push(line));
  const file = openSearchFile(join(folderWith({ text }), 'text'), { clock: fakeClock(), log });
  onTestFinished(() => file.stop?.());
  await file.check();
  return { domains: file.domains, lines };
}

const search = (count: number) => `search ${Array.from({ length: count }, (_, i) => `d${i}.test`).join(' ')}\n`;

test('a search list has a maximum number of domains, and further ones are left out', async () => {
  const { domains, lines } = await read(search(MAX_DOMAINS + 5));
  expect([domains.length, domains.at(-1), lines]).toEqual([MAX_DOMAINS, `d${MAX_DOMAINS - 1}.test.`, []]);
});

test('a file that is too long is not read as resolv.conf', async () => {
  const filled = (octets: number) => search(1).padEnd(octets, '#');
  expect((await read(filled(MAX_RESOLV_CONF_OCTETS))).domains).toEqual(['d0.test.']);
  const { domains, lines } = await read(filled(MAX_RESOLV_CONF_OCTETS + 1));
  expect([domains, lines.join('\n')]).toEqual([[], expect.stringMatching(/cannot read the search list.*octets/)]);
});
