/** Plackett-Luce, Bradley-Terry and rank correlations against torch and scipy. */
import { describe, expect, it } from 'vitest';
import { bradleyTerryLogLikelihood, kendallTau, plackettLuceLogLikelihood, spearman } from '../../src/metrics/index.js';
import { expectClose } from '../helpers/tolerance.js';
import { golden, goldenTolerance } from './golden.js';

const { plackett_luce: rankings, bradley_terry: comparisons } = golden('ranking-likelihood');
const correlations = golden('rank-correlation').cases;

describe('ranking likelihood', () => {
  interface Ranking {
    scores: number[];
    ranking: number[];
    top: number | null;
    log_likelihood: number;
  }

  it('of a ranking or its first places is the published one', () => {
    expect(rankings).toHaveLength(43);
    expectClose(
      rankings.map(({ scores, ranking, top }: Ranking) =>
        plackettLuceLogLikelihood(scores, ranking.slice(0, top ?? ranking.length)),
      ),
      rankings.map((wanted: Ranking) => wanted.log_likelihood),
      goldenTolerance,
    );
  });

  interface Comparison {
    score_winner: number;
    score_loser: number;
    log_likelihood: number;
  }

  it('of a comparison is the published one, and that of a ranking of two', () => {
    expect(comparisons).toHaveLength(16);
    const wanted = comparisons.map((comparison: Comparison) => comparison.log_likelihood);
    const likelihoods = comparisons.map((c: Comparison) => bradleyTerryLogLikelihood(c.score_winner, c.score_loser));
    expectClose(likelihoods, wanted, goldenTolerance);
    const pairs = comparisons.map((c: Comparison) =>
      plackettLuceLogLikelihood([c.score_loser, c.score_winner], [1, 0]),
    );
    expectClose(pairs, wanted, goldenTolerance);
  });
});

describe('rank correlation', () => {
  interface Correlation {
    note: string;
    x: number[];
    y: number[];
    spearman: number;
    kendall_tau_b: number;
  }

  it.each(correlations as Correlation[])('of $x.length pairs, $note, is that of scipy', ({ x, y, ...wanted }) => {
    expectClose([spearman(x, y)], [wanted.spearman], goldenTolerance, 'Spearman');
    expectClose([kendallTau(x, y)], [wanted.kendall_tau_b], goldenTolerance, 'Kendall');
  });
});
