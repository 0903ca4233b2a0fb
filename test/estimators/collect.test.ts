import { describe, expect, it } from 'vitest';
import { evaluate } from '../../src/estimators/evaluate.js';
import type { SlateScores } from '../../src/policy/policy.js';
import { type ScoredResponse, slatesOf, tablePolicy, targetOf } from './support.js';

const log: ScoredResponse[][] = [
  [
    { logProb: -1, loggingLogProb: -2, signal: 1 },
    { logProb: -3, loggingLogProb: -2, signal: 2 },
  ],
  [{ logProb: -2, loggingLogProb: -2, signal: 1 }],
];

async function scoresOfLog(): Promise<SlateScores[]> {
  const scores: SlateScores[] = [];
  for await (const slate of targetOf(log).score([])) scores.push(slate);
  return scores;
}

describe('scores that do not fit the log', () => {
  it.each([
    ['end early', 'SCORE_MISSING', /before query "q1"/, (s: SlateScores[]) => s.slice(0, 1)],
    ['skip a query', 'SCORE_MISMATCH', /"q0".*"q1"/, (s: SlateScores[]) => s.slice(1)],
    [
      'lack a response',
      'SCORE_MISSING',
      /"q0", response "r1"/,
      (s: SlateScores[]) => [{ ...s[0]!, responses: s[0]!.responses.slice(0, 1) }],
    ],
    [
      'name another response',
      'SCORE_MISMATCH',
      /"r0".*"r1"/,
      (s: SlateScores[]) => [{ ...s[0]!, responses: s[0]!.responses.toReversed() }],
    ],
    [
      'are not finite',
      'SCORE_INVALID',
      /"q0", response "r0".*NaN/,
      (s: SlateScores[]) => withFirst(s, { logprob: Number.NaN }),
    ],
    ['have no tokens', 'SCORE_INVALID', /positive number of tokens/, (s: SlateScores[]) => withFirst(s, { tokens: 0 })],
  ])('%s', async (_, code, message, change) => {
    const scores = change(await scoresOfLog());
    for (const role of ['target', 'logging'] as const) {
      const policies = { target: targetOf(log), logging: targetOf(log), [role]: tablePolicy(scores) };
      await expect(evaluate(slatesOf(log), { ...policies, resamples: 10 })).rejects.toMatchObject({
        code,
        exitCode: 3,
        message: expect.stringMatching(message),
      });
      await expect(evaluate(slatesOf(log), { ...policies, resamples: 10 })).rejects.toThrow(role);
    }
  });
});

function withFirst(scores: SlateScores[], change: object): SlateScores[] {
  const [first, ...rest] = scores[0]!.responses;
  return [{ ...scores[0]!, responses: [{ ...first!, ...change }, ...rest] }];
}

describe('propensities of the log', () => {
  it('that are missing are named', async () => {
    const slates = slatesOf(log);
    slates[0]!.responses[1]!.logging = undefined;
    await expect(evaluate(slates, { target: targetOf(log), logging: 'log' })).rejects.toMatchObject({
      code: 'PROPENSITY_MISSING',
      message: expect.stringMatching(/query "q0", response "r1".*logging\.logprob/),
    });
  });
});

it('an empty log is an error', async () => {
  await expect(evaluate([], { target: targetOf([]), logging: 'log' })).rejects.toMatchObject({ code: 'LOG_EMPTY' });
});

describe('options out of range', () => {
  it.each([
    [{ alpha: 2 }, 'INTERVAL_OPTION', /alpha/],
    [{ interval: 'bca' }, 'INTERVAL_UNKNOWN', /bootstrap-percentile, t/],
    [{ estimators: ['mean'] }, 'OPTION', /estimators.*slate, decomposed, bound/],
    [{ estimators: [] }, 'OPTION', /at least one/],
    [{ normalise: 'words' }, 'OPTION', /normalise.*all, none, tokens, bytes/],
    [{ form: 'hard' }, 'OPTION', /form/],
    [{ lambdaDiv: -1 }, 'OPTION', /lambdaDiv.*-1/],
    [{ lambdaCu: Number.NaN }, 'OPTION', /lambdaCu.*NaN/],
    [{ reduction: 'max' }, 'OPTION', /reduction/],
    [{ transform: 'clip' }, 'TRANSFORM', /clip/],
    [{ reward: 'stars' }, 'REWARD_NAME', /stars/],
  ])('%j', async (options, code, message) => {
    const running = evaluate(slatesOf(log), { target: targetOf(log), logging: 'log', ...(options as object) });
    await expect(running).rejects.toMatchObject({ code, exitCode: 2, message: expect.stringMatching(message) });
  });
});
