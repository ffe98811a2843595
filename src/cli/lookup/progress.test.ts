import { encode } from 'dns-packet';
import { expect, test } from 'vitest';
import { fakeClock } from '../../../test/support/clock.ts';
import type { Peer } from '../../net/transport.ts';
import { colourTrace } from './colour.ts';
import { followExchanges } from './progress.ts';
import type { Told } from './record.ts';

const SIGNAL = new AbortController().signal;
const query = (name: string) => encode({ type: 'query', id: 1, questions: [{ type: 'A', name }] });
const SILENT = { address: '192.0.2.1', port: 53 };

test('a silent server is named once, after a second, and what is known can be printed', async () => {
  const clock = fakeClock();
  const told: string[] = [];
  const answer = encode({
    ...{ type: 'response', id: 1, questions: [{ type: 'A', name: 'a.example' }] },
    answers: [{ type: 'A', name: 'a.example', data: '192.0.2.7' }],
  });
  const view = {
    exchange: async (_: Uint8Array, { address }: Peer) =>
      address === SILENT.address ? new Promise<Told>(() => {}) : { octets: answer },
  };
  const progress = followExchanges(view, clock, (line) => told.push(line));
  await progress.exchange(query('a.example'), { address: '192.0.2.2', port: 53 }, 'udp', SIGNAL);
  void progress.exchange(query('b.example'), SILENT, 'udp', SIGNAL);
  void progress.exchange(query('c.example'), SILENT, 'udp', SIGNAL);
  clock.advance(999);
  expect(told).toEqual([]);
  clock.advance(1000);
  expect(told).toEqual(['192.0.2.1:53 has not responded for 1 s; waiting']);
  expect(progress.print()).toBe(
    `  a.example.  A       0.0 ms  192.0.2.7
  b.example.  A     no response from 192.0.2.1:53
  c.example.  A     no response from 192.0.2.1:53
`,
  );
  expect(progress.queries()).toEqual([
    { name: 'a.example.', type: 'A', server: '192.0.2.2:53', response: ['192.0.2.7'], elapsedMs: 0 },
    { name: 'b.example.', type: 'A', server: '192.0.2.1:53', response: null },
    { name: 'c.example.', type: 'A', server: '192.0.2.1:53', response: null },
  ]);
});

test('colours change nothing but the look of a trace', () => {
  const trace = `web, as a pod of shop looks it up (glibc, ndots 5)
  search  shop.svc.cluster.local

1.  web.shop.svc.cluster.local.  search list, element 1 of 1
      A       2.9 ms  NXDOMAIN        kubernetes: namespace shop has no service web
      AAAA    0.4 ms  192.168.10.33   hosts
      SRV    12 ms  no response in time

not found: ENOTFOUND: web does not exist`;
  const painted = colourTrace(trace, (style, text) => `<${style}>${text}</>`);
  expect(painted.replaceAll(/<\w*>|<\/>/g, '')).toBe(trace);
  expect(painted.match(/<\w+>/g)).toEqual([
    ...['<bold>', '<bold>', '<yellow>', '<dim>', '<green>', '<dim>', '<yellow>', '<dim>', '<red>'],
  ]);
});
