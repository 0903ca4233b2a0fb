/** The metrics of embeddings on matrices small enough to compute by hand. */
import { describe, expect, it } from 'vitest';
import {
  cosineSimilarity,
  distributionalAlignment,
  helpfulness,
  jensenShannonDistance,
  overtonCoverage,
  pairwiseDiversity,
  plScore,
  pluralisticCoverage,
  referenceShares,
  relevance,
  totalVariation,
} from '../../src/metrics/index.js';
import { expectClose, tolerances } from '../helpers/tolerance.js';
import { similarityOf } from './matrices.js';

/** Three responses, four references. */
const similarity = similarityOf([
  [0.9, 0.1, 0.2, 0.0],
  [0.7, 0.8, 0.3, -0.4],
  [0.4, 0.3, 0.45, 0.1],
]);
const votes = [6, 1, 3, 0];
/** p = .6 .1 .3 0; w = (6 1 3 0) / 6 / (10 / 6), the same as the least vote is 0. */
const scores = [0.61, 0.59, 0.405];

const single = tolerances.f32;

describe('similarity metrics by hand', () => {
  it('PL-Score is the mean or the best of the vote-weighted similarities', () => {
    expectClose([plScore(similarity, votes)], [(0.61 + 0.59 + 0.405) / 3], single);
    expectClose([plScore(similarity, votes, { aggregate: 'max' })], [0.61], single);
  });

  it('helpfulness scales votes by their range first', () => {
    expectClose([helpfulness(similarity, votes)], [scores.reduce((a, b) => a + b) / 3], single);
    // (10 5 7 4): scaled 1, 1/6, 1/2, 0, weights .6 .1 .3 0 again, where the shares of the votes would differ.
    expectClose([helpfulness(similarity, [10, 5, 7, 4])], [scores.reduce((a, b) => a + b) / 3], single);
  });

  it('relevance is the mean similarity to the query', () => {
    expectClose([relevance(similarityOf([[0.5], [0.8], [-0.2]]))], [1.3 / 3], single);
  });

  it('diversity is one minus the mean similarity of the pairs', () => {
    const among = similarityOf([
      [1, 0.5, 0.2],
      [0.5, 1, -0.6],
      [0.2, -0.6, 1],
    ]);
    expectClose([pairwiseDiversity(among)], [1 - 0.7 / 3], single);
  });

  it('coverage counts references, or categories of them, from tau on', () => {
    expect(pluralisticCoverage(similarity)).toBe(2 / 4);
    expect(pluralisticCoverage(similarity, { k: 1 })).toBe(1 / 4);
    expect(pluralisticCoverage(similarity, { tau: 0.45 })).toBe(3 / 4);
    expect(pluralisticCoverage(similarity, { clusters: ['a', 'a', 'b', 'c'] })).toBe(1 / 3);
    expect(pluralisticCoverage(similarity, { clusters: [1, 2, 2, 1] })).toBe(1);
  });

  it('coverage by group shows the group that is left out', () => {
    expect(overtonCoverage(similarity, ['US', ['US', 'FR'], 'FR', ['JP', 'JP']])).toEqual([
      { group: 'US', references: 2, coverage: 1 },
      { group: 'FR', references: 2, coverage: 0.5 },
      { group: 'JP', references: 1, coverage: 0 },
    ]);
    expect(overtonCoverage(similarity, [[], 'US', [], []], { k: 1 })).toEqual([
      { group: 'US', references: 1, coverage: 0 },
    ]);
  });

  it('alignment is the evenness of the nearest references', () => {
    // The third response reaches no reference with .5; the others fall to the first two.
    expect([...referenceShares(similarity)]).toEqual([0.5, 0.5, 0, 0]);
    expectClose([distributionalAlignment(similarity)], [Math.log(2) / Math.log(4)], tolerances.f64);
    expect([...referenceShares(similarity, { threshold: 0.45 })].map((share) => share * 3)).toEqual([1, 1, 1, 0]);
    expectClose(
      [distributionalAlignment(similarity, { threshold: 0.45 })],
      [Math.log(3) / Math.log(4)],
      tolerances.f64,
    );
  });

  it('alignment by softmax averages the distributions of the responses', () => {
    const two = similarityOf([
      [1, 0],
      [0.5, 0.5],
    ]);
    const share = (Math.exp(2) / (Math.exp(2) + 1) + 0.5) / 2;
    expectClose(referenceShares(two, { mode: 'softmax' }), [share, 1 - share], tolerances.f64);
    const bits = -share * Math.log2(share) - (1 - share) * Math.log2(1 - share);
    expectClose([distributionalAlignment(two, { mode: 'softmax' })], [bits], tolerances.f64);
  });

  it('cosines of vectors do not depend on their lengths', () => {
    const { values, n, m } = cosineSimilarity(
      [Float32Array.of(3, 4), Float32Array.of(-1e30, 0)],
      [Float32Array.of(1, 0), Float32Array.of(0, 1e-30), Float32Array.of(0, 0)],
    );
    expect([n, m]).toEqual([2, 3]);
    expectClose(values, [0.6, 0.8, 0, -1, 0, 0], single);
  });
});

describe('distances of distributions by hand', () => {
  it('total variation is half the sum of differences', () => {
    expectClose([totalVariation([2, 2, 4], [1, 0, 1])], [0.25], tolerances.f64);
  });

  it('Jensen-Shannon distance is the root of the divergence in bits', () => {
    // p = (1, 0), q = (1/2, 1/2), r = (3/4, 1/4)
    const divergence = (Math.log2(4 / 3) + 0.5 * Math.log2(2 / 3) + 0.5 * Math.log2(2)) / 2;
    expectClose([jensenShannonDistance([3, 0], [1, 1])], [Math.sqrt(divergence)], tolerances.f64);
  });
});
