import { vi } from 'vitest';
import { PATIENCE_MS } from './patience.ts';

// `vi.waitFor` gives up after a second, and no setting of Vitest says otherwise.
const { waitFor } = vi;
vi.waitFor = (callback, options) => {
  const given = typeof options === 'number' ? { timeout: options } : options;
  return waitFor(callback, { timeout: PATIENCE_MS, ...given });
};
