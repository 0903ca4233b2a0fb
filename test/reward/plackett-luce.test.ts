import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Choice, rankingChoices } from '../../src/reward/choices.js';
import { PRIOR_STRENGTH, plackettLuceWorths } from '../../src/reward/plackett-luce.js';
import fc from '../helpers/properties.js';

// ---- The model again, slow and direct: log posterior over scores s_k = log w_k, its gradient, gradient ascent.

/** log of sum_{j in from} exp(s_j); the golden scores reach a thousand. */
function logTotal(scores: readonly number[], from: readonly number[]): number {
  const largest = Math.max(...from.map((index) => scores[index]!));
  return largest + Math.log(from.reduce((sum, index) => sum + Math.exp(scores[index]! - largest), 0));
}

function logLikelihood(scores: readonly number[], choices: readonly Choice[]): number {
  let sum = 0;
  for (const { chosen, from } of choices) {
    for (const index of chosen) sum += scores[index]! - logTotal(scores, from);
  }
  return sum;
}

function logLikelihoodGradient(scores: readonly number[], choices: readonly Choice[]): number[] {
  const gradient = scores.map(() => 0);
  for (const { chosen, from } of choices) {
    for (const index of chosen) gradient[index]!++;
    for (const index of from) gradient[index]! -= chosen.length * Math.exp(scores[index]! - logTotal(scores, from));
  }
  return gradient;
}

/** log of the Gamma(1 + a, a) density of w = exp(s): a s - a exp(s) up to a constant; its gradient a - a exp(s). */
function logPosteriorGradient(scores: readonly number[], choices: readonly Choice[], a: number): number[] {
  return logLikelihoodGradient(scores, choices).map((slope, index) => slope + a - a * Math.exp(scores[index]!));
}

/** Gradient ascent with a fixed small step: the log posterior is strictly concave in the scores. */
function slowWorths(k: number, choices: readonly Choice[], a: number): number[] {
  let scores: number[] = new Array(k).fill(0);
  const step = 0.5 / (1 + choices.reduce((sum, { chosen }) => sum + chosen.length, 0));
  for (let i = 0; i < 400_000; i++) {
    const gradient = logPosteriorGradient(scores, choices, a);
    if (Math.max(...gradient.map(Math.abs)) < 1e-11) break;
    scores = scores.map((score, index) => score + step * gradient[index]!);
  }
  const largest = Math.max(...scores);
  return scores.map((score) => Math.exp(score - largest));
}

const ranking = (...positions: number[]) => rankingChoices(positions.map((position, index) => ({ index, position })));
const pair = (winner: number, loser: number): Choice => ({ chosen: [winner], from: [winner, loser] });

const fixture = JSON.parse(readFileSync(join(import.meta.dirname, '../fixtures/ope/ranking-likelihood.json'), 'utf8'));

describe('the slow model', () => {
  it('has the likelihood and gradient of the golden values', () => {
    for (const { scores, ranking: order, top, log_likelihood, gradient } of fixture.plackett_luce) {
      // A ranking of which only the best `top` were given: the first `top` choices.
      const choices = rankingChoices(order.map((index: number, position: number) => ({ index, position })));
      const given = top === null ? choices : choices.slice(0, top);
      expect(logLikelihood(scores, given)).toBeCloseTo(log_likelihood, 9);
      for (const [index, slope] of logLikelihoodGradient(scores, given).entries()) {
        expect(slope).toBeCloseTo(gradient[index], 9);
      }
    }
    for (const { score_winner, score_loser, log_likelihood, d_winner } of fixture.bradley_terry) {
      expect(logLikelihood([score_winner, score_loser], [pair(0, 1)])).toBeCloseTo(log_likelihood, 9);
      expect(logLikelihoodGradient([score_winner, score_loser], [pair(0, 1)])[0]).toBeCloseTo(d_winner, 9);
    }
  });
});

describe('plackettLuceWorths', () => {
  it.each<[string, number, Choice[]]>([
    ['one response', 1, []],
    ['nobody chose', 3, []],
    ['one comparison', 2, [pair(0, 1)]],
    ['a cycle', 3, [pair(0, 1), pair(1, 2), pair(2, 0)]],
    ['one ranking', 5, ranking(3, 1, 4, 2, 5)],
    ['ties at the top, in the middle and at the end', 7, ranking(1, 1, 2, 2, 2, 3, 3)],
    ['everything tied', 3, ranking(1, 1, 1)],
    ['several judges', 4, [...ranking(1, 2, 3, 4), ...ranking(2, 1, 4, 3), ...ranking(1, 1, 2, 3), pair(3, 0)]],
    [
      'responses that nobody placed',
      5,
      rankingChoices([
        { index: 4, position: 1 },
        { index: 1, position: 2 },
      ]),
    ],
  ])('maximises the posterior: %s', (_, k, choices) => {
    const worths = plackettLuceWorths(k, choices);
    const slow = slowWorths(k, choices, PRIOR_STRENGTH);
    for (const [index, worth] of worths.entries()) expect(Math.abs(worth - slow[index]!)).toBeLessThan(1e-8);
  });

  it('is stationary, lies in (0, 1] and ends, whatever people chose', () => {
    const choicesOf = (k: number) =>
      fc.array(
        fc
          .array(fc.integer({ min: 1, max: 3 }), { minLength: k, maxLength: k })
          .map((positions) => ranking(...positions)),
        { maxLength: 6 },
      );
    const cases = fc.integer({ min: 1, max: 8 }).chain((k) => fc.tuple(fc.constant(k), choicesOf(k)));
    fc.assert(
      fc.property(cases, ([k, rankings]) => {
        const choices = rankings.flat();
        const worths = plackettLuceWorths(k, choices);
        expect(Math.max(...worths)).toBe(1);
        expect(Math.min(...worths)).toBeGreaterThan(0);
        // The posterior's own scale is that of worths with mean 1.
        const mean = worths.reduce((sum, worth) => sum + worth, 0) / k;
        const scores = Array.from(worths, (worth) => Math.log(worth / mean));
        for (const slope of logPosteriorGradient(scores, choices, PRIOR_STRENGTH)) {
          expect(Math.abs(slope)).toBeLessThan(1e-9);
        }
      }),
    );
  });

  it('treats a hundred unanimous judges as more certain than one, and stays finite', () => {
    const one = plackettLuceWorths(3, ranking(1, 2, 3));
    const hundred = plackettLuceWorths(3, Array.from({ length: 100 }, () => ranking(1, 2, 3)).flat());
    expect(hundred[1]!).toBeLessThan(one[1]!);
    expect(hundred[2]!).toBeGreaterThan(0);
  });

  it('does not depend on the order of the responses', () => {
    const positions = [2, 1, 3, 3, 5, 4];
    const order = [5, 2, 0, 4, 1, 3];
    const worths = plackettLuceWorths(6, ranking(...positions));
    const permuted = plackettLuceWorths(6, ranking(...order.map((index) => positions[index]!)));
    for (const [place, index] of order.entries()) expect(permuted[place]).toBeCloseTo(worths[index]!, 11);
  });
});
