import { type Attack, sleep } from './attack.ts';
import { files } from './files.ts';
import { forwarding } from './forwarding.ts';
import { http2 } from './http2.ts';
import { ZONES } from './names.ts';
import { pages } from './pages.ts';
import { replies } from './replies.ts';
import { workers } from './workers.ts';

/** The victim without an attack, for comparison. */
const calm: Attack = {
  id: 'calm',
  title: 'none',
  asks: { outside: { zone: ZONES.plain, names: 'fresh' }, pages: ['health', 'ready'] },
  async run({ seconds }) {
    await sleep(seconds * 1000);
    return { note: '' };
  },
};

/** All attacks, in the order of the report. */
export const attacks: readonly Attack[] = [calm, ...pages, ...forwarding, ...replies, ...http2, ...workers, ...files];
