/** Floods of questions that no memo has an answer for, against one thread and several. */
import type { Attack, Scene } from './attack.ts';
import { flood } from './flood.ts';
import { query, TYPES } from './message.ts';

const PER_SECOND = 40_000;

async function askUnheard({ target, seconds }: Scene) {
  const { sent, replies } = await flood(target.port, PER_SECOND, seconds, (i) =>
    query(i, `n-${i}.default.svc.cluster.local`, TYPES.A),
  );
  return { note: `${Math.round(sent / seconds)}/s sent, ${Math.round(replies / seconds)}/s answered` };
}

export const workers: readonly Attack[] = [
  {
    id: 'unheard',
    title: '40,000/s of names that nobody has asked for, one thread',
    isOverload: true,
    run: askUnheard,
  },
  {
    id: 'unheard-workers',
    title: '40,000/s of names that nobody has asked for, `-workers 2`',
    setup: { flags: ['-workers', '2'] },
    isOverload: true,
    own: true,
    run: askUnheard,
  },
];
