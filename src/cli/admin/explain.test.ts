import { expect, test } from 'vitest';
import type { Explanation } from '../../admin/protocol/index.ts';
import { printExplanation } from './explain.ts';

const WORDS = Array(30).fill('because').join(' ');

const EXPLANATION: Explanation = {
  ...{ name: 'web', type: 'A', client: '192.0.2.1' },
  candidates: [
    {
      ...{ name: 'web.', because: WORDS, server: 'dns://:53', zone: '.', rcode: 'NXDOMAIN', answer: [] },
      ...{ plugin: 'forward', reason: WORDS, durationMs: 1, cached: [] },
      steps: [{ plugin: 'forward', name: 'web.', type: 'A', depth: 0, did: 'answered', durationMs: 1, note: WORDS }],
      wouldAsk: Array(10).fill('192.0.2.53'),
    },
  ],
};

test('no line is longer than the terminal', () => {
  const lines = printExplanation(EXPLANATION, 80).map(({ text }) => text);
  expect(lines.filter((line) => line.length > 80)).toEqual([]);
  expect(lines).toContainEqual(expect.stringMatching(/^1\. web\. {2}because/));
});
