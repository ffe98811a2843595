import fc from 'fast-check';
import { expect, test } from 'vitest';
import { TransientMap } from './transient-map.ts';

const step = fc.record({ method: fc.constantFrom('set', 'delete', 'get'), key: fc.nat(5) });

test('it holds what a Map would hold', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const map = new Map<number, object>();
      const transient = new TransientMap<number, object>();
      for (const [i, { method, key }] of steps.entries()) {
        const value = { i };
        if (method === 'set') [map, transient].forEach((each) => void each.set(key, value));
        else if (method === 'delete') expect(transient.delete(key)).toBe(map.delete(key));
        else expect(transient.get(key)).toBe(map.get(key));
        expect(transient.size).toBe(map.size);
        expect(new Set(transient.values())).toEqual(new Set(map.values()));
      }
    }),
    { seed: 1, numRuns: 200 },
  );
});
