/** Floods of queries that no memo can answer, against one thread and several. */
import type { Attack, Scene } from './attack.ts';
import { flood } from './flood.ts';
import { query, TYPES } from './message.ts';

const PER_SECOND = 60_000;
const DIGITS = 7;
const NAME_AT = 13;

/** A query for a new name, made from one template, as the attacker has only one core. */
function unheard(count: number): Buffer {
  const message = Buffer.from(TEMPLATE);
  message.writeUInt16BE(count & 0xffff, 0);
  message.write(String(count).padStart(DIGITS, '0'), NAME_AT, 'latin1');
  return message;
}

const TEMPLATE = query(0, `${'0'.repeat(DIGITS)}.default.svc.cluster.local`, TYPES.A);

async function askUnheard({ target, seconds }: Scene) {
  const { sent, replies } = await flood(target.port, PER_SECOND, seconds, unheard);
  return { note: `${Math.round(sent / seconds)}/s sent, ${Math.round(replies / seconds)}/s answered` };
}

export const workers: readonly Attack[] = [
  {
    id: 'unheard',
    title: '60,000/s of names that nobody has asked for, one thread',
    isOverload: true,
    run: askUnheard,
  },
  {
    id: 'unheard-workers',
    title: '60,000/s of names that nobody has asked for, `-workers 2`',
    setup: { flags: ['-workers', '2'] },
    isOverload: true,
    own: true,
    run: askUnheard,
  },
];
