/** What holds for any texts, similarities, votes and rankings. */

import { describe, expect, it } from 'vitest';
import {
  bleu,
  bradleyTerryLogLikelihood,
  distinct,
  distributionalAlignment,
  helpfulness,
  jensenShannonDistance,
  kendallTau,
  normalizedEntropy,
  overtonCoverage,
  pairwiseDiversity,
  plackettLuceLogLikelihood,
  plScore,
  pluralisticCoverage,
  referenceShares,
  relevance,
  type Similarity,
  selfBleu,
  selfBleuOfTexts,
  spearman,
  totalVariation,
} from '../../src/metrics/index.js';
import fc from '../helpers/properties.js';
import { expectClose, tolerances } from '../helpers/tolerance.js';
import { similarityOf } from './matrices.js';

/** Few words, so that texts share n-grams; some texts are empty. */
const text = fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 7 }).map((words) => words.join(' '));
const texts = fc.array(text, { minLength: 1, maxLength: 6 });
const cosine = fc.constantFrom(-1, -0.3, 0, 0.2, 0.45, 0.5, 0.75, 0.8, 1);
const matrix = (n: number, m: number) =>
  fc.array(fc.array(cosine, { minLength: m, maxLength: m }), { minLength: n, maxLength: n });
const size = fc.integer({ min: 1, max: 5 });
const similarity = fc.tuple(size, size).chain(([n, m]) =>
  fc.record({
    rows: matrix(n, m),
    votes: fc.array(fc.integer({ min: -3, max: 9 }), { minLength: m, maxLength: m }),
    labels: fc.array(fc.constantFrom('x', 'y'), { minLength: m, maxLength: m }),
    order: fc.shuffledSubarray([...Array(n).keys()], { minLength: n }),
    columns: fc.shuffledSubarray([...Array(m).keys()], { minLength: m }),
  }),
);
const modes = ['nearest', 'softmax'] as const;

/** All metrics of references, in one list. */
function ofReferences(s: Similarity, votes: number[], labels: string[]): number[] {
  return [
    plScore(s, votes),
    plScore(s, votes, { aggregate: 'max' }),
    helpfulness(s, votes),
    pluralisticCoverage(s),
    pluralisticCoverage(s, { tau: 0.5, clusters: labels }),
    ...overtonCoverage(s, labels)
      .toSorted((a, b) => (a.group < b.group ? -1 : 1))
      .map(({ coverage }) => coverage),
    ...modes.flatMap((mode) => [
      distributionalAlignment(s, { mode }),
      totalVariation(
        referenceShares(s, { mode }),
        votes.map((vote) => Math.max(vote, 0)),
      ),
      jensenShannonDistance(
        referenceShares(s, { mode }),
        votes.map((vote) => Math.max(vote, 0)),
      ),
    ]),
  ];
}

function expectFractions(values: readonly number[]): void {
  for (const value of values) {
    expect(value).toBeGreaterThanOrEqual(0);
    expect(value).toBeLessThanOrEqual(1 + 1e-15);
  }
}

describe('texts', () => {
  const all = (list: string[]) => [
    distinct(list, 1),
    distinct(list, 2),
    distinct(list, 2, { denominator: 'tokens' }),
    selfBleu(list),
  ];

  it('give fractions that do not depend on their order', () => {
    const shuffled = texts.chain((list) =>
      fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length })),
    );
    fc.assert(
      fc.property(shuffled, ([list, permuted]) => {
        expectFractions(all(list));
        expectClose(all(permuted), all(list), tolerances.f64);
      }),
    );
  });

  it('said twice are less distinct and more alike', () => {
    fc.assert(
      fc.property(texts, (list) => {
        const twice = [...list, ...list];
        expectClose([distinct(twice, 1)], [distinct(list, 1) / 2], tolerances.f64);
        expect(selfBleu(twice)).toBeGreaterThanOrEqual(selfBleu(list) - 1e-12);
      }),
    );
  });

  it('have the Self-BLEU of the definition, one BLEU against all others each', () => {
    fc.assert(
      fc.property(texts, size, (list, maxN) => {
        const direct = list.map((text, i) => bleu(text, list.toSpliced(i, 1), { maxN }));
        expectClose(selfBleuOfTexts(list, { maxN }), direct, tolerances.f64);
      }),
    );
  });

  it('in large numbers have a Self-BLEU in time that grows with their number', () => {
    let state = 1;
    const draw = (below: number) => {
      state = (state * 48271) % 0x7fffffff;
      return state % below;
    };
    const many = Array.from({ length: 10_000 }, () =>
      Array.from({ length: 20 }, () => `w${draw(draw(2000) + 1)}`).join(' '),
    );
    const start = performance.now();
    const scores = selfBleuOfTexts(many, { maxN: 4 });
    expect(performance.now() - start).toBeLessThan(30_000);
    for (const i of [0, 4999, 9999]) {
      expectClose([scores[i]!], [bleu(many[i]!, many.toSpliced(i, 1))], tolerances.f64);
    }
  });
});

describe('similarities', () => {
  it('give fractions', () => {
    fc.assert(
      fc.property(similarity, ({ rows, votes, labels }) => {
        expectFractions(ofReferences(similarityOf(rows), votes, labels));
        expectFractions([relevance(similarityOf(rows.map((row) => row.slice(0, 1))))]);
      }),
    );
  });

  it('give the same in any order of responses and of references', () => {
    fc.assert(
      fc.property(similarity, ({ rows, votes, labels, order, columns }) => {
        const permuted = similarityOf(order.map((i) => columns.map((j) => rows[i]![j]!)));
        expectClose(
          ofReferences(
            permuted,
            columns.map((j) => votes[j]!),
            columns.map((j) => labels[j]!),
          ),
          ofReferences(similarityOf(rows), votes, labels),
          tolerances.f64,
        );
      }),
    );
  });

  it('of responses among themselves give a diversity that does not depend on their order', () => {
    const square = size.chain((n) =>
      fc.tuple(matrix(n, n), fc.shuffledSubarray([...Array(n).keys()], { minLength: n })),
    );
    fc.assert(
      fc.property(square, ([rows, order]) => {
        const symmetric = rows.map((row, i) => row.map((value, j) => (i < j ? value : rows[j]![i]!)));
        const diversity = pairwiseDiversity(similarityOf(symmetric));
        expectFractions([diversity]);
        const permuted = order.map((i) => order.map((j) => symmetric[i]![j]!));
        expectClose([pairwiseDiversity(similarityOf(permuted))], [diversity], tolerances.f64);
      }),
    );
  });

  it('cover exactly one reference more with a copy of one that was not covered', () => {
    fc.assert(
      fc.property(similarity, ({ rows, columns }) => {
        const [copied, m] = [columns[0]!, columns.length];
        const copy = Array.from({ length: m }, (_, j) => (j === copied ? 1 : 0));
        const before = pluralisticCoverage(similarityOf(rows)) * m;
        const known = rows.some((row) => row[copied]! >= 0.8);
        const after = pluralisticCoverage(similarityOf([...rows, copy])) * m;
        expect(Math.round(after)).toBe(Math.round(before) + (known ? 0 : 1));
      }),
    );
  });

  it('cannot bring alignment by softmax below 0.61 where there are three references', () => {
    // The most uneven that temperature 1/2 allows: similarities (1, 0, 0), shares e^2 : 1 : 1.
    const floor = normalizedEntropy([Math.exp(2), 1, 1]);
    expectClose([floor], [0.6058], { atol: 5e-5, rtol: 0 });
    expectClose([distributionalAlignment(similarityOf([[1, 0, 0]]), { mode: 'softmax' })], [floor], tolerances.f64);
    const three = size.chain((n) => matrix(n, 3));
    fc.assert(
      fc.property(three, (rows) => {
        expect(distributionalAlignment(similarityOf(rows), { mode: 'softmax' })).toBeGreaterThan(floor - 1e-12);
      }),
    );
  });

  it('are assigned by a softmax of low temperature as to the nearest', () => {
    fc.assert(
      fc.property(similarity, ({ rows }) => {
        const cold = referenceShares(similarityOf(rows), { mode: 'softmax', temperature: 1e-3 });
        expectClose(cold, referenceShares(similarityOf(rows), { threshold: 0 }), tolerances.f64);
      }),
    );
  });
});

describe('distances', () => {
  const histogram = fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 3, maxLength: 3 });

  it.each([
    ['total variation', totalVariation],
    ['Jensen-Shannon', jensenShannonDistance],
  ])('of %s are a metric', (_, distance) => {
    fc.assert(
      fc.property(histogram, histogram, histogram, (p, q, r) => {
        expectFractions([distance(p, q)]);
        expectClose([distance(p, p)], [0], { atol: 1e-7, rtol: 0 });
        expect(distance(p, q)).toBe(distance(q, p));
        expect(distance(p, r)).toBeLessThanOrEqual(distance(p, q) + distance(q, r) + 1e-12);
      }),
    );
  });
});

describe('rankings', () => {
  const score = fc.double({ min: -20, max: 20, noNaN: true });

  it('of the same items have probabilities that sum to 1, also by their first places', () => {
    fc.assert(
      fc.property(fc.array(score, { minLength: 3, maxLength: 3 }), (scores) => {
        const first = [0, 1, 2].map((i) => plackettLuceLogLikelihood(scores, [i]));
        const orders = [0, 1, 2].flatMap((i) => [0, 1, 2].filter((j) => j !== i).map((j) => [i, j, 3 - i - j]));
        const complete = orders.map((order) => plackettLuceLogLikelihood(scores, order));
        for (const logs of [first, complete]) {
          expectClose([logs.reduce((sum, log) => sum + Math.exp(log), 0)], [1], tolerances.f64);
        }
        const pair = [
          bradleyTerryLogLikelihood(scores[0]!, scores[1]!),
          bradleyTerryLogLikelihood(scores[1]!, scores[0]!),
        ];
        expectClose([pair.reduce((sum, log) => sum + Math.exp(log), 0)], [1], tolerances.f64);
      }),
    );
  });

  it('correlate the same after any increasing change, and oppositely after a decreasing one', () => {
    const pairs = fc.array(fc.tuple(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 0, max: 5 })), { minLength: 2 });
    fc.assert(
      fc.property(pairs, (list) => {
        const [x, y] = [list.map(([a]) => a), list.map(([, b]) => b)];
        for (const correlation of [spearman, kendallTau]) {
          const value = correlation(x, y);
          expectClose(
            [
              correlation(
                x.map((a) => a ** 3 + 1),
                y,
              ),
            ],
            [value],
            tolerances.f64,
          );
          expectClose(
            [
              correlation(
                x,
                y.map((b) => -b),
              ),
            ],
            [-value],
            tolerances.f64,
          );
        }
      }),
    );
  });
});
