/** The contributions from one pass against the metric computed anew without each group. */

import { describe, expect, it } from 'vitest';
import {
  distinct,
  distinctContributions,
  pooledContributions,
  selfBleu,
  selfBleuContributions,
} from '../../src/metrics/index.js';
import fc from '../helpers/properties.js';
import { expectClose, tolerances } from '../helpers/tolerance.js';

/** Few words, so that texts of several groups share n-grams and repeat them; some texts are empty. */
const text = fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 8 }).map((words) => words.join(' '));
const slates = fc.array(fc.array(text, { minLength: 1, maxLength: 4 }), { minLength: 2, maxLength: 9 });
const groups = fc.integer({ min: 2, max: 10 });
const order = fc.integer({ min: 1, max: 4 });

describe('contributions from one pass', () => {
  it('to Self-BLEU are those of leaving groups out', () => {
    fc.assert(
      fc.property(slates, groups, order, (own, count, maxN) => {
        const direct = pooledContributions(own, (texts) => selfBleu(texts, { maxN }), { groups: count });
        expectClose(selfBleuContributions(own, { maxN, groups: count }), direct, tolerances.f64);
      }),
      { numRuns: 500 },
    );
  });

  it('to Distinct-n are those of leaving groups out', () => {
    const denominator = fc.constantFrom('ngrams' as const, 'tokens' as const);
    fc.assert(
      fc.property(slates, groups, order, denominator, (own, count, n, per) => {
        const direct = pooledContributions(own, (texts) => distinct(texts, n, { denominator: per }), { groups: count });
        expectClose(distinctContributions(own, n, { denominator: per, groups: count }), direct, tolerances.f64);
      }),
    );
  });

  it('refuse what the general function refuses', () => {
    for (const contributions of [selfBleuContributions, (own: string[][]) => distinctContributions(own, 1)]) {
      expect(() => contributions([['a']])).toThrow(expect.objectContaining({ code: 'METRIC_INPUT' }));
    }
    expect(() => selfBleuContributions([['a'], ['b']], { groups: 1 })).toThrow(
      expect.objectContaining({ code: 'METRIC_OPTION' }),
    );
  });
});
