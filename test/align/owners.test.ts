/** How parameters are dealt out to the ranks whose optimizers share their state. */
import { expect, it } from 'vitest';
import { dealOut } from '../../src/align/owners.js';
import fc from '../helpers/properties.js';

const largest = (sizes: readonly number[], owners: readonly number[]) =>
  Math.max(...owners.map((rank) => sizes.reduce((sum, size, i) => sum + (owners[i] === rank ? size : 0), 0)));

/** Every way to cut a list into runs. */
function* cuts(count: number, ranks: number, first = 0): Generator<number[]> {
  if (count === 0) return yield [];
  for (let rank = first; rank < ranks; rank++) for (const rest of cuts(count - 1, ranks, rank)) yield [rank, ...rest];
}

it('every rank gets a run of neighbours, and no other way has a smaller largest share', () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(sizes, fc.integer({ min: 1, max: 4 }), (given, ranks) => {
      const owners = dealOut(given, ranks);
      expect(owners).toHaveLength(given.length);
      expect(owners).toEqual(owners.toSorted((a, b) => a - b));
      expect(owners.every((rank) => rank >= 0 && rank < ranks)).toBe(true);
      const best = Math.min(...[...cuts(given.length, ranks)].map((each) => largest(given, each)));
      expect(largest(given, owners)).toBe(best);
    }),
  );
});

it('a large embedding has a rank for itself', () => {
  expect(dealOut([394, 25, 25, 25, 25], 2)).toEqual([0, 1, 1, 1, 1]);
});
