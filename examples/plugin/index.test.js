import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answerOf, inFrontOf, parsePlugin } from 'cairn-dns/plugin/testing';
import inside from './index.js';

const BODY = 'inside 10.0.0.0/8 192.0.2.10=10.0.0.10 2001:db8::10=fd00::10';
const BELOW = answerOf('www.example.org. 60 A 192.0.2.10\nwww.example.org. 60 A 192.0.2.11');

const ask = (address, below = BELOW) =>
  inFrontOf(inside, BODY, below).ask('www.example.org. A', { client: { address, port: 4000 } });

test('clients of the network get inner addresses', async () => {
  assert.equal(await ask('10.1.2.3'), 'NOERROR\nwww.example.org. 60 IN A 10.0.0.10\nwww.example.org. 60 IN A 192.0.2.11');
  assert.equal(await ask('10.1.2.3', answerOf('w. 60 AAAA 2001:db8::10')), 'NOERROR\nw. 60 IN AAAA fd00::10');
});

test('other clients get the reply unchanged', async () => {
  assert.match(await ask('192.0.2.1'), /A 192\.0\.2\.10\n/);
});

test('only changed replies are counted', async () => {
  const { env, ask } = inFrontOf(inside, BODY, BELOW);
  await ask('www.example.org. A', { client: { address: '10.0.0.1', port: 4000 } });
  await ask('www.example.org. A', { client: { address: '192.0.2.1', port: 4000 } });
  assert.deepEqual(await env.exposed('inside_'), ['inside_replies_total{server="dns://:53"} 1']);
});

for (const [body, message] of [
  ['inside 10.0.0.0/8', /1:8 .*at least 2/],
  ['inside 10.0.0/8 192.0.2.1=10.0.0.1', /1:8/],
  ['inside 10.0.0.0/8 192.0.2.1=fd00::1', /1:19 .*OUTER=INNER/],
  ['inside 10.0.0.0/8 192.0.2.1', /1:19 .*OUTER=INNER/],
]) {
  test(`${body}: refused`, () => assert.throws(() => parsePlugin(inside, body), { message }));
}
