import { expect, test } from 'vitest';
import { testMessage, testQuery } from '../../../test/support/query.ts';
import { EdnsOption } from '../../dns/message.ts';
import { decodeMessage } from '../../dns/wire/decode.ts';
import { encodeMessage } from '../../dns/wire/encode.ts';
import { scanQuery } from './key.ts';
import { MemoQuery } from './query.ts';

test.each([
  ['no OPT record', {}],
  ['an OPT record', { edns: { udpSize: 1400 } }],
  ['DO', { edns: { do: true } }],
  ['a cookie', { edns: { do: true, options: [{ code: EdnsOption.COOKIE, data: new Uint8Array(8) }] } }],
])('with %s, observers see the query as it was sent', (_, options) => {
  const bytes = encodeMessage(testMessage('Web.Shop.example.org. AAAA', options));
  const { arrival, server } = testQuery('. A');
  const query = new MemoQuery(bytes, arrival, scanQuery(bytes)!, 'org.', server);
  const { question, edns, message, name, type, class: qclass, zone } = query;
  const decoded = decodeMessage(bytes);
  expect({ question, edns, message, name, type, qclass, zone }).toEqual({
    ...{ question: decoded.questions[0], edns: decoded.edns, message: decoded },
    ...{ name: 'web.shop.example.org.', type: 28, qclass: 1, zone: 'org.' },
  });
});
