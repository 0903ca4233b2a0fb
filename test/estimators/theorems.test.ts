/**
 * Theorems A, B and C and the gradients of docs/theory.md sections 4 and 5 on tabular worlds, where every moment is a
 * finite sum.
 */
import { describe, expect, it } from 'vitest';
import { type SlateOptions, slateEstimates } from '../../src/estimators/slate-estimates.js';
import { type RewardForm, slateCoefficients } from '../../src/native/objective.js';
import { finiteDifferences } from '../helpers/finite-differences.js';
import { enumerateSlates, expectation, randomWorld, type TabularWorld, variance } from '../helpers/tabular-world.js';
import { expectClose } from '../helpers/tolerance.js';

const close = { atol: 1e-12, rtol: 1e-10 };
const forms = ['expected', 'soft', 'gated'] as const;
const slateSizes = [1, 2, 3, 4];

/** R of each response, written out anew. */
function rewards(world: TabularWorld, form: RewardForm, lambdaDiv: number): number[] {
  return world.target.map((p, a) => {
    const r = world.reward[a]!;
    if (form === 'expected') return p * (r - lambdaDiv * Math.log(p));
    return form === 'gated' ? r * (1 - lambdaDiv * Math.log(p)) : r - lambdaDiv * Math.log(p);
  });
}

function sum(values: number[]): number {
  return values.reduce((a, b) => a + b, 0);
}

/** What the theorems speak of: moments of rho and R under the two policies. */
function moments(world: TabularWorld, R: number[]) {
  const { target, logging } = world;
  const rho = target.map((p, a) => p / logging[a]!);
  const underTarget = (values: number[]) => sum(values.map((value, a) => target[a]! * value));
  const mu = underTarget(R);
  return {
    rho,
    mu,
    chiSquare: sum(rho.map((w, a) => logging[a]! * w * w)) - 1,
    covariance: underTarget(rho.map((w, a) => w * R[a]!)) - underTarget(rho) * mu,
    /** Var_pi0(rho (R + shift)) */
    varianceOf: (shift: number) =>
      variance(
        logging,
        rho.map((w, a) => w * (R[a]! + shift)),
      ),
  };
}

function enumerate(world: TabularWorld, size: number, options: SlateOptions) {
  const { log, probabilities } = enumerateSlates(world, size);
  const { slate, decomposed, bound } = slateEstimates(log, options);
  return {
    log,
    probabilities,
    slate: slate.contributions,
    decomposed: decomposed.contributions,
    bound: bound.contributions,
  };
}

describe('Theorem A: slate and decomposed have the same expectation, V(pi)', () => {
  it.each(forms)('%s', (form) => {
    for (const size of slateSizes) {
      for (const lambdaDiv of [0, 0.7, 1]) {
        const world = randomWorld(5, size);
        const V = size * moments(world, rewards(world, form, lambdaDiv)).mu;
        const { probabilities, slate, decomposed } = enumerate(world, size, { form, lambdaDiv });
        const means = [slate, decomposed].map((x) => expectation(probabilities, x));
        expectClose(means, [V, V], close);
      }
    }
  });

  it('with reduction mean both estimate V / K', () => {
    const world = randomWorld(4, 9);
    const { probabilities, slate, decomposed } = enumerate(world, 3, { form: 'soft', reduction: 'mean' });
    const { mu } = moments(world, rewards(world, 'soft', 1));
    expectClose([expectation(probabilities, slate), expectation(probabilities, decomposed)], [mu, mu], close);
  });

  it('fails, as it must, where pi0 misses a response that pi writes', () => {
    const world = { target: [0.5, 0.3, 0.2], logging: [0.6, 0.4, 0], reward: [0.2, 0.9, 0.5] };
    const { log, probabilities } = enumerateSlates({ ...world, logging: [0.6, 0.4, 1e-300] }, 2);
    const { decomposed } = slateEstimates(log, { form: 'soft', lambdaDiv: 0, transform: 'clip:10' });
    expect(expectation(probabilities, decomposed.contributions)).toBeCloseTo(2 * (0.5 * 0.2 + 0.3 * 0.9), 10);
  });
});

describe('Theorem B: variance', () => {
  it('(i) term by term, rho R is the conditional expectation of W R and varies no more', () => {
    for (const size of [2, 3]) {
      const world = randomWorld(4, 20 + size);
      const R = rewards(world, 'soft', 0.5);
      const { rho, varianceOf } = moments(world, R);
      const { log, probabilities } = enumerateSlates(world, size);
      const W = probabilities.map((_, i) =>
        Math.exp(
          sum(Array.from({ length: size }, (_, k) => log.logProb[i * size + k]! - log.loggingLogProb[i * size + k]!)),
        ),
      );
      const first = probabilities.map((_, i) => i % 4); // enumerateSlates counts the first response fastest
      rho.forEach((w, a) => {
        const mass = sum(probabilities.filter((_, i) => first[i] === a));
        const conditional = sum(probabilities.map((p, i) => (first[i] === a ? p * W[i]! * R[a]! : 0))) / mass;
        expectClose([conditional], [w * R[a]!], close);
      });
      const slateTerm = W.map((w, i) => w * R[first[i]!]!);
      expect(varianceOf(0)).toBeLessThanOrEqual(variance(probabilities, slateTerm));
    }
  });

  it('(ii) decomposed varies no more than slate where Cov_pi(rho, R) >= 0 and R >= 0', () => {
    let covered = 0;
    for (let seed = 0; seed < 60; seed++) {
      for (const form of forms) {
        for (const size of [2, 3]) {
          const world = randomWorld(4, seed);
          const R = rewards(world, form, seed % 3 === 0 ? 0 : 0.5);
          if (moments(world, R).covariance < 0) continue;
          covered++;
          const { probabilities, slate, decomposed } = enumerate(world, size, {
            form,
            lambdaDiv: seed % 3 === 0 ? 0 : 0.5,
          });
          expect(variance(probabilities, decomposed)).toBeLessThanOrEqual(variance(probabilities, slate) * (1 + 1e-12));
        }
      }
    }
    expect(covered).toBeGreaterThan(60);
  });

  it('(ii) is not true in general: reward on a rare response that the target avoids', () => {
    // R = 1 on a response with pi0 = 0.1 and rho = 0.5, 0 elsewhere; K = 2
    const world = { logging: [0.1, 0.9], target: [0.05, 0.95], reward: [1, 0] };
    expect(moments(world, world.reward).covariance).toBeLessThan(0);
    const { probabilities, slate, decomposed } = enumerate(world, 2, { form: 'soft', lambdaDiv: 0 });
    expect(variance(probabilities, decomposed)).toBeGreaterThan(variance(probabilities, slate));
  });

  it('(ii) needs mu >= 0: with negative rewards it fails although Cov_pi(rho, R) >= 0', () => {
    // R = -1 on the counterexample's response: the covariance changes its sign, the variances do not.
    const world = { logging: [0.1, 0.9], target: [0.05, 0.95], reward: [-1, 0] };
    const { covariance, mu } = moments(world, world.reward);
    expect(covariance).toBeGreaterThan(0);
    expect(mu).toBeLessThan(0);
    const { probabilities, slate, decomposed } = enumerate(world, 2, { form: 'soft', lambdaDiv: 0 });
    expect(variance(probabilities, decomposed)).toBeGreaterThan(variance(probabilities, slate));
  });

  it('(iii) slate varies at least as much as its Hajek projection', () => {
    for (let seed = 0; seed < 30; seed++) {
      for (const form of forms) {
        for (const size of [1, 2, 3]) {
          const world = randomWorld(4, seed);
          const { mu, varianceOf } = moments(world, rewards(world, form, 0.5));
          const projection = size * varianceOf((size - 1) * mu);
          const { probabilities, slate } = enumerate(world, size, { form, lambdaDiv: 0.5 });
          expect(variance(probabilities, slate)).toBeGreaterThanOrEqual(projection * (1 - 1e-12));
        }
      }
    }
  });

  it('(iv) E[W^2] = (1 + chi2)^K, while decomposed varies as K', () => {
    for (const size of slateSizes) {
      const world = randomWorld(4, 40);
      const { chiSquare, varianceOf } = moments(world, rewards(world, 'soft', 0));
      // With r = 1 and lambdaDiv = 0, the mean over a slate's rewards is 1, so that the contribution is W.
      const { log, probabilities } = enumerateSlates({ ...world, reward: [1, 1, 1, 1] }, size);
      const W = slateEstimates(log, { form: 'soft', lambdaDiv: 0, reduction: 'mean' }).slate.contributions;
      const squares = W.map((w) => w * w);
      expectClose([expectation(probabilities, squares)], [(1 + chiSquare) ** size], close);
      const { decomposed } = enumerate(world, size, { form: 'soft', lambdaDiv: 0 });
      expectClose([variance(probabilities, decomposed)], [size * varianceOf(0)], close);
    }
  });
});

describe('Theorem C: the bound lies below decomposed on every slate', () => {
  it.each(forms)('%s', (form) => {
    for (const size of slateSizes) {
      for (const lambdaDiv of [0, 0.5, 1]) {
        const { decomposed, bound } = enumerate(randomWorld(5, size), size, { form, lambdaDiv });
        bound.forEach((lower, i) => {
          expect(lower).toBeLessThanOrEqual(decomposed[i]! * (1 + 1e-12));
        });
        if (size === 1) expectClose(bound, decomposed, close);
      }
    }
  });

  it('and K W (prod R)^(1/K) below slate', () => {
    const size = 3;
    const { log, slate } = enumerate(randomWorld(5, 7), size, { form: 'soft', lambdaDiv: 0.5 });
    slate.forEach((x, i) => {
      const places = Array.from({ length: size }, (_, k) => i * size + k);
      const W = Math.exp(sum(places.map((k) => log.logProb[k]! - log.loggingLogProb[k]!)));
      const product = places.reduce((p, k) => p * (log.reward[k]! - 0.5 * log.logProb[k]!), 1);
      expect(size * W * product ** (1 / size)).toBeLessThanOrEqual(x * (1 + 1e-12));
    });
  });

  it('with equality iff all rho R are equal', () => {
    const slateOf = (rhoR: number[]) => {
      const rho = [0.5, 2, 1.25];
      const log = {
        logProb: [-1, -2, -0.5],
        loggingLogProb: rho.map((w, k) => [-1, -2, -0.5][k]! - Math.log(w)),
        reward: rhoR.map((value, k) => value / rho[k]!),
        slateOffsets: [0, 3],
      };
      return slateEstimates(log, { form: 'soft', lambdaDiv: 0 });
    };
    const equal = slateOf([0.3, 0.3, 0.3]);
    expectClose([equal.bound.value], [equal.decomposed.value], close);
    const unequal = slateOf([0.3, 0.3, 0.31]);
    expect(unequal.bound.value).toBeLessThan(unequal.decomposed.value - 1e-5);
  });
});

describe('Section 5: sum_k c_k grad l_k has the gradient of V as its expectation', () => {
  const size = 2;
  const world = randomWorld(4, 3);
  const logits = world.target.map(Math.log);

  function softmax(theta: number[]): number[] {
    const weights = theta.map(Math.exp);
    return weights.map((weight) => weight / sum(weights));
  }

  /** dV / dtheta of a softmax policy, V by its definition. */
  function gradientOfV(form: RewardForm): Float64Array {
    return finiteDifferences((theta) => {
      const changed = { ...world, target: softmax([...theta]) };
      return size * moments(changed, rewards(changed, form, 0.7)).mu;
    }, Float64Array.from(logits));
  }

  /** The expectation over slates from pi0, with d l(a) / d theta_b = 1[a = b] - pi(b). */
  function expectedDirection(form: RewardForm, estimator: 'slate' | 'decomposed', score: boolean): number[] {
    const { log, probabilities } = enumerateSlates(world, size);
    const transform = { name: 'identity', value: 0 } as const;
    const objective = { estimator, form, lambdaCu: 1, lambdaDiv: 0.7, transform, reduction: 'sum' } as const;
    const { coefficients } = slateCoefficients({ ...log, queryWeight: Float64Array.from(probabilities) }, objective, {
      score,
    });
    return world.target.map((p, b) =>
      sum(Array.from(coefficients, (c, k) => c * (Number(Math.abs(log.logProb[k]! - logits[b]!) < 1e-12) - p))),
    );
  }

  it.each(forms)('%s, exact', (form) => {
    for (const estimator of ['slate', 'decomposed'] as const) {
      expectClose(expectedDirection(form, estimator, false), gradientOfV(form), { atol: 1e-10, rtol: 1e-8 });
    }
  });

  it('the score form: for soft rewards only', () => {
    for (const estimator of ['slate', 'decomposed'] as const) {
      const gap = (form: RewardForm) => {
        const direction = expectedDirection(form, estimator, true);
        return Math.max(...gradientOfV(form).map((d, b) => Math.abs(d - direction[b]!)));
      };
      expect(gap('soft')).toBeLessThan(1e-10);
      expect(gap('expected')).toBeGreaterThan(0.01);
      expect(gap('gated')).toBeGreaterThan(0.01);
    }
  });
});
