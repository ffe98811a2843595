import type { ApiServer } from '../../test/support/api-server/index.ts';
import { defaults, type Switches } from '../../test/support/api-server/switches.ts';

/** Lets an API server fail in one way, until it is healed. */
export type Fault = (api: ApiServer) => Promise<void>;

/** Ends every fault. */
export async function heal(api: ApiServer): Promise<void> {
  await api.set(defaults);
}

const setting =
  (switches: Partial<Switches>): Fault =>
  (api) =>
    api.set(switches);

/** Also makes clients list again: connections are closed, and the history is deleted. */
const whileListing =
  (switches: Partial<Switches>): Fault =>
  async (api) => {
    await api.set({ refuse: true });
    api.compact();
    await api.set({ ...switches, refuse: false });
  };

const failing = (times: number, status: number, retryAfterSeconds?: number): Partial<Switches> => ({
  failures: { times, status, ...(retryAfterSeconds !== undefined && { retryAfterSeconds }) },
});

/** An object that is not valid, in every list. */
const NONSENSE = JSON.stringify({ metadata: { name: 7, namespace: [] }, spec: 'x' });

export const faults: readonly Fault[] = [
  setting({ refuse: true }),
  setting({ silent: true }),
  setting({ latencyMs: 500 }),
  setting({ latencyMs: 3000 }),
  setting({ bookmarksOnly: true }),
  setting({ duplicate: true }),
  setting({ swap: true }),
  async (api) => api.compact(),
  whileListing({}),
  whileListing({ goneAs: 'status' }),
  whileListing({ streamingLists: 'invalid' }),
  whileListing({ pagesAtZero: true }),
  whileListing({ gzip: true }),
  whileListing({ cutAfter: 10_000 }),
  whileListing({ cutAfter: 100_000 }),
  whileListing({ dribble: { octets: 1000, everyMs: 20 } }),
  whileListing({ extraItems: [NONSENSE] }),
  whileListing({ latencyMs: 1000 }),
  whileListing(failing(5, 500)),
  whileListing(failing(3, 503, 1)),
  whileListing(failing(3, 429, 1)),
  whileListing(failing(2, 401)),
  whileListing(failing(2, 404)),
  whileListing(failing(3, 504)),
  whileListing({ forbidden: [{ resource: 'services' }] }),
  whileListing({ forbidden: [{ verb: 'watch' }] }),
  whileListing({ missing: ['endpointslices'] }),
  whileListing({ tokens: ['another'] }),
  whileListing({ silent: true, faulty: { resource: 'endpointslices' } }),
  whileListing({ duplicate: true, swap: true, latencyMs: 100 }),
];
