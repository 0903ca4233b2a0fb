import { describe, expect, it } from 'vitest';
import { Folds } from '../../src/align/folds.js';
import type { Slate } from '../../src/data/slate.js';
import { splitOf } from '../../src/data/split.js';
import fc from '../helpers/properties.js';

/** Slates of invented queries; a number names the cluster, null none. */
function slates(clusters: readonly (number | null)[]): Slate[] {
  return clusters.map((cluster, i) => ({
    id: `q${i}`,
    prompt: 'p',
    ...(cluster === null ? {} : { cluster: String(cluster) }),
    responses: [{ id: 'a', text: 'x' }],
  }));
}

const plain = (count: number) => slates(Array.from({ length: count }, () => null));
const groupOf = ({ id, cluster }: Slate) => (cluster === undefined ? `q ${id}` : `c ${cluster}`);

describe('folds', () => {
  it('keep the queries of a cluster together, are as equal as can be, and do not follow the order of the log', async () => {
    const log = fc.array(fc.option(fc.nat(12)), { minLength: 8, maxLength: 60 }).map(slates);
    await fc.assert(
      fc.asyncProperty(log, fc.integer({ min: 2, max: 5 }), async (all, count) => {
        fc.pre(new Set(all.map(groupOf)).size >= count);
        const folds = await Folds.deal(all, { count, seed: 1 });
        const backwards = await Folds.deal([...all].reverse(), { count, seed: 1 });
        const foldsOf = new Map<string, Set<number>>();
        for (const slate of all) {
          expect(backwards.foldOf(slate)).toBe(folds.foldOf(slate));
          const known = foldsOf.get(groupOf(slate)) ?? new Set();
          foldsOf.set(groupOf(slate), known.add(folds.foldOf(slate)));
        }
        const sizes = new Array<number>(count).fill(0);
        for (const [fold, ...others] of foldsOf.values()) {
          expect(others).toEqual([]);
          sizes[fold! - 1]!++;
        }
        expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
      }),
      { numRuns: 60 },
    );
  });

  it.each([null, 1, 2, 3, 4])('hold out fold %s, and validate on a tenth of the other groups', async (heldOut) => {
    const all = [...plain(403), ...slates([7, 7, 7, 8, 8])].map((slate, i) => ({ ...slate, id: `s${i}` }));
    const folds = await Folds.deal(all, { count: 4, seed: 0 });
    const { splitOf: partOf } = folds.partition(heldOut);
    const rest = all.filter((slate) => folds.foldOf(slate) !== heldOut);
    const parts = new Map<string, Set<string>>();
    for (const slate of all) {
      const known = parts.get(groupOf(slate)) ?? new Set();
      parts.set(groupOf(slate), known.add(partOf(slate)));
      expect(partOf(slate) === 'test').toBe(folds.foldOf(slate) === heldOut);
    }
    for (const part of parts.values()) expect(part.size).toBe(1);
    const groups = new Set(rest.map(groupOf));
    const validating = new Set(rest.filter((slate) => partOf(slate) === 'validation').map(groupOf));
    expect(validating.size).toBe(Math.floor((groups.size + 5) / 10));
  });

  it('are other ones for another seed, and know nothing of the split', async () => {
    const all = plain(2000);
    const folds = await Folds.deal(all, { count: 5, seed: 0 });
    const others = await Folds.deal(all, { count: 5, seed: 1 });
    const same = all.filter((slate) => folds.foldOf(slate) === others.foldOf(slate)).length;
    // Binomial of 2000 and 1/5: the standard deviation is 18.
    expect(Math.abs(same - 400)).toBeLessThan(90);
    const tests = all.filter(({ id }) => splitOf(id) === 'test');
    const inFirst = tests.filter((slate) => folds.foldOf(slate) === 1).length;
    expect(Math.abs(inFirst - tests.length / 5)).toBeLessThan(30);
  });

  it('are refused where they would score in sample or be empty', async () => {
    const refused = (count: number, queries = 10) =>
      expect(Folds.deal(plain(queries), { count, seed: 0 })).rejects.toMatchObject({ code: 'FOLDS' });
    await refused(1);
    await refused(0);
    await refused(2.5);
    await refused(5, 4);
    expect(await Folds.deal(plain(5), { count: 5, seed: 0 })).toMatchObject({ count: 5 });
  });
});
