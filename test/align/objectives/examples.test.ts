/** The training objectives on slates small enough to compute by hand. */
import { describe, expect, it } from 'vitest';
import type { Batch } from '../../../src/align/objectives/batch.js';
import { dpo } from '../../../src/align/objectives/dpo.js';
import { drawResponse } from '../../../src/align/objectives/draw.js';
import { equalWeights, likelihood, rewardWeights, topWeights } from '../../../src/align/objectives/likelihood.js';
import { combWeights, coverWeights, pooledWeights } from '../../../src/align/objectives/opinion.js';
import { opinionNumbers, opinionShares } from '../../../src/align/objectives/opinion-shares.js';
import { plackettLuce } from '../../../src/align/objectives/plackett-luce.js';
import { type PopeObjective, pope } from '../../../src/align/objectives/pope.js';
import { parseTransform } from '../../../src/estimators/transforms.js';
import { expectClose, tolerances } from '../../helpers/tolerance.js';

const floats = (...values: number[]) => Float64Array.from(values);

/** One slate of two responses, 2 and 4 tokens long, with rewards 0.75 and 0.25. */
function pair(changes: Partial<Batch> = {}): Batch {
  return {
    queryIds: ['q'],
    offsets: Int32Array.of(0, 2),
    queryWeight: floats(1),
    clusters: null,
    reward: floats(0.75, 0.25),
    targetLogProb: floats(-2, -4),
    loggingLogProb: floats(-2 - 2 * Math.LN2, -4 + 4 * Math.LN2),
    referenceLogProb: floats(-3, -3),
    targetTokens: floats(2, 4),
    loggingTokens: floats(2, 4),
    bytes: floats(10, 20),
    entropy: null,
    likelihoodWeight: floats(1, 0.5),
    ...changes,
  };
}

const decomposed: PopeObjective = {
  estimator: 'decomposed',
  form: 'soft',
  lambdaCu: 1,
  lambdaDiv: 0,
  transform: parseTransform('none'),
  reduction: 'sum',
  normalise: 'tokens',
  gradient: 'exact',
  baseline: 0,
  tokenEntropy: false,
  proximity: 0,
};

describe('POPE', () => {
  // l = -1, -1; rho = 2, 1/2; rho r = 1.5, 0.125; by the sum L: over 2 and 4 tokens.
  it('decomposed, soft, utility alone', () => {
    const { value, coefficients } = pope(pair(), decomposed);
    expectClose([value, ...coefficients], [1.625, 0.75, 0.03125], tolerances.f64, 'decomposed');
  });

  it('zeroes what is clipped exactly, and truncates it under score', () => {
    const clipped = { ...decomposed, transform: parseTransform('clip:1') };
    expectClose(pope(pair(), clipped).coefficients, [0, 0.03125], tolerances.f64, 'exact');
    const score = pope(pair(), { ...clipped, gradient: 'score' });
    expectClose(score.coefficients, [0.75 / 2, 0.125 / 4], tolerances.f64, 'score');
  });

  // W = 1; utility exp(-1) (r_1 + r_2) = exp(-1); c_k = W (sum_j R_j + R_k) with R_k = exp(-1) r_k, over the tokens.
  it('slate, expected', () => {
    const { value, coefficients } = pope(pair(), { ...decomposed, estimator: 'slate', form: 'expected' });
    const e = Math.exp(-1);
    expectClose([value, ...coefficients], [e, (e * 1.75) / 2, (e * 1.25) / 4], tolerances.f64, 'slate');
  });

  it('lowers R by the baseline', () => {
    const by = (baseline: PopeObjective['baseline']) => pope(pair(), { ...decomposed, baseline }).coefficients;
    expectClose(by(0.5), [(2 * 0.25) / 2, (0.5 * -0.25) / 4], tolerances.f64, 'number');
    expectClose(by('mean'), by(0.5), tolerances.f64, 'mean');
    expectClose(by('half-mean'), by(0.25), tolerances.f64, 'half of the mean');
  });

  it('counts the slates whose bound is 0', () => {
    const bound = { ...decomposed, estimator: 'bound' as const };
    expect(pope(pair(), bound).silentSlates).toBe(0);
    const dead = pope(pair({ reward: floats(1, 0) }), bound);
    expect({ silent: dead.silentSlates, c: [...dead.coefficients] }).toEqual({ silent: 1, c: [0, 0] });
  });

  // d = (-3 + 2) / 2 and (-3 + 4) / 4; kappa / M = 1 / 2.
  it('keeps near the reference with a proximity penalty', () => {
    const near = pope(pair(), { ...decomposed, proximity: 1 });
    const far = [Math.exp(-0.5) - 1 + 0.5, Math.exp(0.25) - 1 - 0.25];
    const pull = [0.5 * Math.expm1(-0.5), 0.5 * Math.expm1(0.25)];
    const expected = [1.625 - 0.5 * (far[0]! + far[1]!), 0.75 + pull[0]! / 2, 0.03125 + pull[1]! / 4];
    expectClose([near.value, ...near.coefficients], expected, tolerances.f64, 'proximity');
  });
});

describe('likelihood', () => {
  it('is the weighted sum over the tokens that weigh something', () => {
    const { value, coefficients } = likelihood(pair());
    expectClose([value, ...coefficients], [-4 / 6, 1 / 6, 0.5 / 6], tolerances.f64, 'both');
    const top = likelihood(pair({ likelihoodWeight: topWeights(floats(0.75, 0.25)) }));
    expectClose([top.value, ...top.coefficients], [-1, 1 / 2, 0], tolerances.f64, 'top');
  });

  it('weighs the first of several best, all alike, or by the reward', () => {
    expect([...topWeights(floats(0.2, 0.4, 0.4))]).toEqual([0, 1, 0]);
    expect([...equalWeights(floats(0.2, 0.8))]).toEqual([1, 1]);
    expect([...rewardWeights(floats(0.25, 0.75), 1)]).toEqual([0.25, 0.75]);
    expectClose(rewardWeights(floats(0.25, 0.75), 2), [0.1, 0.9], tolerances.f64, 'squared');
    expect([...rewardWeights(floats(0, 0), 2)]).toEqual([0, 0]);
  });
});

describe('DPO', () => {
  // margin = beta [(-2 + 3) - (-4 + 3)] = 2 beta
  it('raises the best and lowers the worst', () => {
    const { value, coefficients } = dpo(pair(), 0.5);
    const sigmoid = 1 / (1 + Math.E);
    expectClose(
      [value, ...coefficients],
      [Math.log(1 - sigmoid), 0.5 * sigmoid, -0.5 * sigmoid],
      tolerances.f64,
      'dpo',
    );
  });

  it('skips and counts slates whose responses tie', () => {
    const tie = dpo(pair({ reward: floats(0.5, 0.5) }), 0.5);
    expect({ silent: tie.silentSlates, value: tie.value, c: [...tie.coefficients] }).toEqual({
      silent: 1,
      value: 0,
      c: [0, 0],
    });
  });

  it('does not overflow on a hopeless margin', () => {
    const { value, coefficients } = dpo(pair({ targetLogProb: floats(-4000, -4) }), 1);
    expectClose([value, coefficients[0]!], [-3996, 1], tolerances.f64, 'far');
  });
});

describe('Plackett-Luce', () => {
  it('is DPO for two responses', () => {
    const listwise = plackettLuce(pair(), 0.5);
    const pairwise = dpo(pair(), 0.5);
    expectClose(listwise.coefficients, pairwise.coefficients, tolerances.f64, 'two responses');
    expectClose([listwise.value], [pairwise.value], tolerances.f64, 'value');
  });

  it('chooses ties together and is silent where all tie', () => {
    const three = {
      offsets: Int32Array.of(0, 3),
      targetLogProb: floats(-3, -3, -3),
      referenceLogProb: floats(-3, -3, -3),
      targetTokens: floats(1, 1, 1),
      likelihoodWeight: floats(0, 0, 0),
    };
    // Scores are equal: from three, two are chosen; 1 - 2/3 each, and -2/3 for the third.
    const { value, coefficients } = plackettLuce(pair({ ...three, reward: floats(0.4, 0.4, 0.2) }), 1);
    expectClose([value, ...coefficients], [-2 * Math.log(3), 1 / 3, 1 / 3, -2 / 3], tolerances.f64, 'ties');
    expect(plackettLuce(pair({ ...three, reward: floats(0.3, 0.3, 0.3) }), 1).silentSlates).toBe(1);
  });
});

describe('opinion weights', () => {
  const reward = floats(0.5, 0.25, 0.25);
  const opinion = [0, 0, 2];

  // s = 0.5, 0.25: opinions weigh 2/3 and 1/3; inside the first 1 and (1/2)^g.
  it('comb', () => {
    const logged = floats(0.5, 0.5, 0.01);
    const weights = combWeights({ opinion, reward }, logged, { b: 1, g: 2, a: 1 });
    expectClose(weights, [(2 / 3) * 0.8 * 2, (2 / 3) * 0.2 * 2, (1 / 3) * 20], tolerances.f64, 'comb');
    const plain = combWeights({ opinion, reward }, logged, { b: 2, g: 1, a: 0 });
    expectClose(plain, [0.8 * (2 / 3), 0.8 * (1 / 3), 0.2], tolerances.f64, 'b 2, g 1, a 0');
  });

  it('give nothing to an opinion without a vote', () => {
    const none = { opinion, reward: floats(0.6, 0.4, 0) };
    expect(combWeights(none, floats(0.5, 0.5, 0.5), { b: 1, g: 8, a: 1 })[2]).toBe(0);
    expect(pooledWeights(opinion, floats(3, 2, 0), { b: 1, g: 3 })[2]).toBe(0);
    expect(coverWeights(none, 8)[2]).toBe(0);
  });

  // Mean votes 3 and 2: opinions weigh 3/5 and 2/5; inside the first 4 and 2 votes.
  it('pooled', () => {
    const weights = pooledWeights(opinion, floats(4, 2, 2), { b: 1, g: 1 });
    expectClose(weights, [(3 / 5) * (2 / 3), (3 / 5) * (1 / 3), 2 / 5], tolerances.f64, 'pooled');
  });

  // q = (1 + 1/2) / 3 and 1 / 3
  it('cover-n', () => {
    const weights = coverWeights({ opinion, reward }, 2);
    expectClose(weights, [2 * 0.5 * 0.5, 2 * 0.5 * 0.25, 2 * (2 / 3) * 0.25], tolerances.f64, 'cover-2');
  });

  it('take the labels of the log, else an opinion of its own', () => {
    expect(opinionNumbers(['a', undefined, 'b', 'a', undefined])).toEqual([0, 1, 2, 0, 4]);
  });

  it('count the share of an opinion from 20 responses on, and fill up with the log before', () => {
    const many = Array.from({ length: 20 }, (_, k) => (k < 5 ? 'a' : 'b'));
    const [counted, filled] = opinionShares([many, ['a', 'b', 'b', 'b']]);
    expectClose(
      counted!,
      [...many].map((label) => (label === 'a' ? 0.25 : 0.75)),
      tolerances.f64,
      'counted',
    );
    // a is 6 of 24 in the log.
    expectClose(filled!, [(1 + 4) / 20, (3 + 12) / 20, (3 + 12) / 20, (3 + 12) / 20], tolerances.f64, 'filled up');
    expect([...opinionShares([[undefined, undefined]])[0]!]).toEqual([0.5, 0.5]);
  });
});

describe('drawn responses', () => {
  const weights = floats(0.6, 0, 0.2);

  it('carry the weight of the slate and come in proportion', () => {
    const draws = Array.from({ length: 4000 }, (_, step) => drawResponse(weights, { seed: 1, step, slate: 7 }));
    expect(draws.every(({ weight }) => Math.abs(weight - 0.8) < 1e-15)).toBe(true);
    const first = draws.filter(({ index }) => index === 0).length / draws.length;
    // Four standard deviations of a share of 3/4 among 4000.
    expect(Math.abs(first - 0.75)).toBeLessThan(4 * Math.sqrt((0.75 * 0.25) / 4000));
    expect(draws.some(({ index }) => index === 1)).toBe(false);
  });

  it('depend on seed, step and slate alone', () => {
    const at = (seed: number, step: number, slate: number) => drawResponse(weights, { seed, step, slate }).index;
    const row = (seed: number, slate: number) =>
      Array.from({ length: 64 }, (_, step) => at(seed, step, slate)).join('');
    expect(row(1, 2)).toBe(row(1, 2));
    expect(new Set([row(1, 2), row(2, 2), row(1, 3)]).size).toBe(3);
  });
});
