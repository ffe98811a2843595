import { mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { inFrontOf } from '../../../test/support/chain.ts';
import { offered, type TestEnvOptions } from '../../../test/support/env.ts';
import { parsePlugin, startPlugin } from '../../../test/support/plugin.ts';
import { parseRecord } from '../../dns/presentation.ts';
import { printType } from '../../dns/rr.ts';
import { SEARCH_LIST } from '../../plugin/keys.ts';
import type { Handler } from '../../plugin/plugin.ts';
import { UNCHANGING } from '../../plugin/repeat.ts';
import { createReply, failure, type Reply } from '../../plugin/reply.ts';
import autopath from './index.ts';

let root: string;
let modified = 1_700_000_000;
async function write(name: string, text: string): Promise<void> {
  await writeFile(join(root, name), text);
  await utimes(join(root, name), modified, modified++);
}
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'cairn-'));
  await write('resolv.conf', 'search first.org a..b SECOND.org second.org\nnameserver 192.0.2.1\noptions ndots:5\n');
  await write('empty', 'nameserver 192.0.2.1\n');
});
afterAll(() => rm(root, { recursive: true }));

const address = (name: string): Partial<Reply> => ({ ra: true, answer: [parseRecord(`${name} 60 A 192.0.2.1`)] });

/** What there is, by name and type; a name with one type has no data of the others, unless they are listed. */
const REPLIES: Record<string, Partial<Reply>> = {
  'here.first.org. A': address('here.first.org.'),
  'both.first.org. A': address('both.first.org.'),
  'both.second.org. A': address('both.second.org.'),
  'b.second.org. A': {
    ra: true,
    answer: [parseRecord('b.second.org. 7 CNAME c.org.'), parseRecord('c.org. 9 A 192.0.2.1')],
  },
  'www.example.org. A': address('www.example.org.'),
  'nodata.second.org. A': { aa: true },
  'refused.second.org. A': { rcode: 5 },
  'broken.second.org. A': failure('x', 2, new Error('no upstream')),
  'four.second.org. A': address('four.second.org.'),
  'four.second.org. AAAA': { rcode: 3, ra: true },
  'empty.second.org. A': {},
  'empty.second.org. AAAA': { rcode: 3, ra: true },
  'lead.first.org. A': { rcode: 3, error: new Error('no idea') },
  'lead.second.org. A': address('lead.second.org.'),
};

const world: Handler = ({ name, type }) => {
  const known = REPLIES[`${name} ${printType(type)}`] ?? (REPLIES[`${name} A`] ? {} : { rcode: 3, ad: true });
  return createReply('next', { repeat: UNCHANGING, ...known });
};

async function setup(body = 'autopath resolv.conf', options: TestEnvOptions = {}) {
  const made = inFrontOf(autopath, body, world, { root, ...options });
  await startPlugin(made.plugin);
  return made;
}

describe('with a file', () => {
  test.each([
    ['the first name', 'here.first.org. A', 'NOERROR ra\nhere.first.org. 60 IN A 192.0.2.1'],
    [
      'the first name, although there is a second',
      'both.first.org. A',
      'NOERROR ra\nboth.first.org. 60 IN A 192.0.2.1',
    ],
    ['no data at the first name', 'here.first.org. MX', 'NOERROR'],
    [
      'the second name',
      'B.First.org. A',
      'NOERROR ra\nB.First.org. 7 IN CNAME b.second.org.\nb.second.org. 7 IN CNAME c.org.\nc.org. 9 IN A 192.0.2.1',
    ],
    [
      'the name by itself',
      'www.example.org.first.org. A',
      'NOERROR ra\nwww.example.org.first.org. 60 IN CNAME www.example.org.\nwww.example.org. 60 IN A 192.0.2.1',
    ],
    ['no data at the second name', 'nodata.first.org. A', 'NOERROR aa'],
    ['a refusal of the second name', 'refused.first.org. A', 'REFUSED'],
    ['a failure at the second name', 'broken.first.org. A', 'SERVFAIL'],
    ['a failure at the first name', 'lead.first.org. A', 'NXDOMAIN'],
    ['no name at all', 'nothing.first.org. A', 'NXDOMAIN ad'],
    ['the domain itself', 'first.org. A', 'NXDOMAIN ad'],
    ['a name that is no first one', 'b.second.org.example. A', 'NXDOMAIN ad'],
    ['the second name as it is', 'both.second.org. A', 'NOERROR ra\nboth.second.org. 60 IN A 192.0.2.1'],
  ])('%s', async (_, question, reply) => {
    const { ask } = await setup();
    expect(await ask(question)).toBe(reply);
  });

  test('a name that exists for A exists for AAAA, too', async () => {
    const { ask } = await setup();
    expect(await ask('four.first.org. AAAA')).toBe('NOERROR ra');
    expect(await ask('four.first.org. A')).toMatch(/^NOERROR ra\nfour.first.org. 60 IN CNAME four.second.org./);
    expect(await ask('empty.first.org. AAAA')).toBe('NXDOMAIN ad');
  });

  test('what was looked up for it is asked below, in the order of the list, without blanks and doubles', async () => {
    const { query, passed } = await setup();
    await query('x.first.org. MX');
    expect(passed.map(({ name }) => name)).toEqual(['x.first.org.', 'x.second.org.', 'x.']);
  });

  test('a name that would be too long is left out', async () => {
    await write('long', `search a ${`${'l'.repeat(60)}.`.repeat(3)}\n`);
    const { query, passed } = await setup('autopath long');
    await query(`${`${'x'.repeat(60)}.`.repeat(2)}a. MX`);
    expect(passed.map(({ name }) => name.length)).toEqual([124, 122]);
  });

  test.each([
    ['autopath example.org resolv.conf', 'b.first.org. A', 'NXDOMAIN ad'],
    ['autopath first.org resolv.conf', 'b.first.org. CNAME', 'NOERROR'],
    ['autopath empty', 'b.first.org. A', 'NXDOMAIN ad'],
    ['autopath resolv.conf', 'b.first.org. A CH', 'NXDOMAIN ad'],
  ])('%j: %s', async (body, question, reply) => {
    const { ask } = await setup(body);
    expect(await ask(question)).toBe(reply);
  });

  test('the file is followed; one that is missing completes nothing', async () => {
    await write('changing', 'search first.org\n');
    const { ask, env, plugin, query } = await setup('autopath changing');
    expect(await ask('www.example.org.first.org. A')).toMatch(/^NOERROR/);
    const { repeat } = await query('x.other.org. A');
    const before = repeat!.epochs.map(({ value }) => value);
    await write('changing', 'search other.org\n');
    env.clock.advance(5000);
    await startPlugin(plugin);
    expect(await ask('www.example.org.first.org. A')).toMatch(/^NXDOMAIN/);
    expect(await ask('www.example.org.other.org. A')).toMatch(/^NOERROR/);
    expect(repeat!.epochs.map(({ value }) => value)).not.toEqual(before);
    const missing = await setup('autopath missing');
    expect(await missing.ask('www.example.org.first.org. A')).toMatch(/^NXDOMAIN/);
    expect(missing.env.lines).toEqual([
      expect.stringContaining(
        '[WARNING] plugin/autopath: cannot read the search list, the last one stays in use: ENOENT',
      ),
    ]);
  });

  test('only names that were completed are counted, and not repeated', async () => {
    const { query, env } = await setup();
    const repeats = async (question: string) => (await query(question)).repeat !== undefined;
    expect(await repeats('b.first.org. A')).toBe(false);
    expect(await repeats('here.first.org. A')).toBe(true);
    expect(await repeats('nothing.second.org. A')).toBe(true);
    await query('broken.first.org. A');
    await query('nothing.first.org. A');
    expect(await env.exposed('coredns_autopath')).toEqual(['coredns_autopath_success_total{server="dns://:53"} 1']);
  });
});

describe('with a plugin', () => {
  const offer = offered('kubernetes', SEARCH_LIST, ({ client, name }) =>
    client.address === '10.0.0.1' && name.endsWith('.first.org.') ? ['first.org.', 'second.org.'] : undefined,
  );
  const POD = { client: { address: '10.0.0.1', port: 5000 } };
  const other = offered('other', SEARCH_LIST, () => ['first.org.', 'second.org.', 'third.org.']);
  const BLOCK = { offers: [other, offer] };

  test('a client that it knows gets its names completed, another one the first reply', async () => {
    const { ask, env } = await setup('autopath @kubernetes', BLOCK);
    expect(await ask('b.first.org. A', POD)).toMatch(/^NOERROR ra\nb.first.org. 7 IN CNAME b.second.org./);
    expect(await ask('www.example.org.first.org. A', POD)).toMatch(/^NOERROR/);
    expect(await ask('b.first.org. A')).toBe('NXDOMAIN ad');
    expect(env.lines.filter((line) => line.includes('offers no'))).toEqual([]);
  });

  test('a negative reply is not repeated, as another client may get more; the reply of an existing name is', async () => {
    const { query } = await setup('autopath @kubernetes', BLOCK);
    expect((await query('b.first.org. A')).repeat).toBeUndefined();
    expect((await query('nothing.second.org. A', POD)).repeat).toBeUndefined();
    expect((await query('here.first.org. A', POD)).repeat).toBeDefined();
  });

  test.each([
    ['kubernetes', [other], "it must be in the same server block, with 'pods verified'"],
    ['kubernetes', [], "it must be in the same server block, with 'pods verified'"],
    ['foo', [other], 'no such plugin is in the server block, or it has none'],
  ])('@%s that offers nothing gets a warning', async (name, offers, why) => {
    const { ask, env } = await setup(`autopath @${name}`, { offers });
    expect(await ask('b.first.org. A', POD)).toBe('NXDOMAIN ad');
    expect(env.lines).toContain(
      `[WARNING] plugin/autopath: @${name} offers no search lists, so no name is completed: ${why}`,
    );
  });
});

test('of several lines the last one counts', () => {
  expect(parsePlugin(autopath, 'autopath x\nautopath y')).toMatchObject({ source: { path: 'y' } });
});

test.each([
  ['autopath', 'Corefile:1:1 - Error during parsing: no resolv-conf specified'],
  ['autopath @', 'Corefile:1:10 - Error during parsing: the name of a plugin is expected after @'],
  ['autopath a..b x', 'Corefile:1:10 - Error during parsing: zone is not a valid domain name'],
  ['autopath x {\n}', "Corefile:1:1 - Error during parsing: Unexpected token '{', expecting argument"],
])('%j is an error', (body, message) => {
  expect(() => parsePlugin(autopath, body)).toThrow(message);
});

test('the status tells a plugin that offers no search lists, and a file that cannot be read', async () => {
  const made = (body: string, options: TestEnvOptions = {}) =>
    inFrontOf(autopath, body, {}, { root, ...options }).plugin;
  expect(made('autopath @kubernetes').status!()).toMatchObject({
    state: 'degraded',
    summary: expect.stringMatching(/^@kubernetes offers no search lists, .*with 'pods verified'\.$/),
  });
  const offers = [offered('kubernetes', SEARCH_LIST, () => [])];
  const withOffer = made('autopath @kubernetes', { offers });
  await startPlugin(withOffer);
  expect(withOffer.status!().state).toBe('ok');
  const ofFile = made('autopath resolv.conf');
  await startPlugin(ofFile);
  expect(ofFile.status!()).toMatchObject({ state: 'ok', watches: [{ what: join(root, 'resolv.conf'), objects: 2 }] });
  const ofNothing = made('autopath nothing.conf');
  await startPlugin(ofNothing);
  expect(ofNothing.status!()).toMatchObject({ state: 'degraded', summary: expect.stringMatching(/ENOENT/) });
});
