import { expect, onTestFinished, test } from 'vitest';
import { Rcode } from '../../src/dns/message.ts';
import { parseRecord } from '../../src/dns/presentation.ts';
import { A, printType } from '../../src/dns/rr.ts';
import { ask } from '../support/ask.ts';
import { startServer } from '../support/server.ts';
import { answerTo, type Received, startUpstream } from '../support/upstream.ts';

const NAMES = Array.from({ length: 20 }, (_, i) => `www${i}.example.org`);
const MISSING = Array.from({ length: 20 }, (_, i) => `nx${i}.example.org`);
const SOA = parseRecord('example.org. 60 IN SOA ns.example.org. root.example.org. 1 2 3 4 60');

/** Half of the names exist. */
function outside({ message, reply }: Received): void {
  const { name, type } = message.questions[0]!;
  if (name.startsWith('nx')) reply(answerTo(message, [], { rcode: Rcode.NXDOMAIN, authority: [SOA] }));
  else reply(answerTo(message, [`${name} 60 IN ${type === A.code ? 'A 192.0.2.1' : 'AAAA 2001:db8::1'}`]));
}

/** How often the upstream is asked for each type, if clients ask for both types of all names. */
async function queriesWith(directives: string): Promise<Record<string, number>> {
  const upstream = await startUpstream(outside);
  onTestFinished(() => upstream.close());
  const { port } = await startServer(`. {\n cache\n ${directives}\n forward . ${upstream.endpoint}\n}`);
  for (const name of [...NAMES, ...MISSING]) {
    const [a, aaaa] = await Promise.all([ask(port, name, 'A'), ask(port, name, 'AAAA')]);
    const isMissing = name.startsWith('nx');
    expect([a.rcode, aaaa.rcode]).toEqual(isMissing ? ['NXDOMAIN', 'NXDOMAIN'] : ['NOERROR', 'NOERROR']);
    expect(a.answer).toEqual(isMissing ? [] : ['192.0.2.1']);
    if (directives !== '') expect(aaaa.answer).toEqual([]);
    // RFC 2308: without an SOA record, clients with a cache would ask again.
    if (directives !== '' || isMissing)
      expect(aaaa.message.authority.map(({ type }) => printType(type))).toEqual(['SOA']);
  }
  const counts: Record<string, number> = {};
  for (const { message } of upstream.received) {
    const type = printType(message.questions[0]!.type);
    counts[type] = (counts[type] ?? 0) + 1;
  }
  return counts;
}

test('half of the queries to upstreams are saved, if clients ask for both types', async () => {
  expect(await queriesWith('')).toEqual({ A: 40, AAAA: 40 });
  expect(await queriesWith('filter AAAA')).toEqual({ A: 40 });
  expect(await queriesWith('filter AAAA {\n unless-only\n}')).toEqual({ A: 40 });
});
