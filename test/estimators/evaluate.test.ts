import { describe, expect, it } from 'vitest';
import { LoggedDataset } from '../../src/data/dataset.js';
import { evaluate } from '../../src/estimators/evaluate.js';
import { evaluation as schema } from '../../src/estimators/result.js';
import { slateEstimates } from '../../src/estimators/slate-estimates.js';
import { tabularWorld } from '../../src/experiments/worlds/tabular.js';
import { type ScoredResponse, slatesOf, targetOf } from './support.js';

const world = tabularWorld({ seed: 1 });
const slates = world.sample(60);
const policies = { target: world.policy('target'), logging: world.policy('logging') };
const fast = { resamples: 200, reward: 'identity' } as const;

const codes = (result: { warnings: { code: string }[] }) => result.warnings.map((warning) => warning.code);

describe('evaluate', () => {
  it('fills the schema with every estimator under every normalisation', async () => {
    const log = LoggedDataset.fromSlates(slates);
    const result = await evaluate(log, { ...policies, ...fast });
    expect(schema.parse(JSON.parse(JSON.stringify(result)))).toEqual(result);
    expect(result).toMatchObject({ queries: 60, responses: 240, verdict: result.headline!.verdict });
    expect(result.inputs.log).toBe(await log.sha256());
    expect(result.estimates.map(({ estimator, normalise, estimand }) => [estimator, normalise, estimand])).toEqual(
      (['none', 'tokens', 'bytes'] as const).flatMap((normalise) =>
        (['slate', 'decomposed', 'bound'] as const).map((estimator) => [
          estimator,
          normalise,
          normalise === 'none' ? 'value' : 'normalised',
        ]),
      ),
    );
    const transforms = result.estimates.map(({ transform }) => transform);
    expect(transforms).toEqual(['clip:10', 'clip:10', 'identity', ...Array(6).fill('identity')]);
  });

  it.each(['sum', 'mean'] as const)(
    'gives the figures of slateEstimates, reduction %s, unequal slates and weights',
    async (reduction) => {
      const uneven = slates.map((slate, i) => ({
        ...slate,
        weight: 1 + (i % 3),
        responses: slate.responses.slice(0, 1 + (i % 4)),
      }));
      const responses = uneven.flatMap((slate) => slate.responses);
      const scores: number[] = [];
      for await (const slate of policies.target.score(uneven))
        scores.push(...slate.responses.map((score) => score.logprob));
      const lengths = {
        none: () => 1,
        tokens: (k: number) => responses[k]!.logging!.tokens!,
        bytes: (k: number) => Buffer.byteLength(responses[k]!.text),
      };
      const offsets = [0];
      for (const slate of uneven) offsets.push(offsets.at(-1)! + slate.responses.length);

      for (const selfNormalise of [false, true]) {
        const options = { lambdaCu: 0.7, lambdaDiv: 0.4, transform: 'clip:1.5', reduction, selfNormalise };
        const result = await evaluate(uneven, { ...policies, ...fast, ...options });
        for (const row of result.estimates) {
          const length = lengths[row.normalise];
          const data = {
            logProb: Float64Array.from(scores, (score, k) => score / length(k)),
            loggingLogProb: Float64Array.from(responses, ({ logging }, k) => logging!.logprob / length(k)),
            reward: Float64Array.from(responses, (response) => response.signal!),
            slateOffsets: Int32Array.from(offsets),
            queryWeight: Float64Array.from(uneven, (slate) => slate.weight),
          };
          const expected = slateEstimates(data, options)[row.estimator];
          expect(row.value).toBeCloseTo(expected.value, 12);
          expect(row.utility).toBeCloseTo(expected.utility, 12);
          expect(row.diversity).toBeCloseTo(expected.diversity, 12);
          const perResponse = slateEstimates(data, { ...options, reduction: 'mean' })[row.estimator].value;
          expect(row.valuePerResponse).toBeCloseTo(perResponse, 12);
          const twin = slateEstimates(data, { ...options, selfNormalise: true })[row.estimator].value;
          if (row.estimator === 'bound') expect(row.selfNormalised).toBeNull();
          else expect(row.selfNormalised).toBeCloseTo(twin, 12);
          if (row.estimator === 'bound') continue;
          const unclipped = slateEstimates(data, { ...options, transform: 'identity', selfNormalise: false })[
            row.estimator
          ];
          const clipped = slateEstimates(data, { ...options, selfNormalise: false })[row.estimator];
          expect(row.diagnostics.clippingBias).toBeCloseTo(unclipped.value - clipped.value, 12);
        }
      }
    },
  );

  it("takes propensities from the log: the same as the logging policy's scores", async () => {
    const fromLog = await evaluate(slates, { ...policies, ...fast, logging: 'log' });
    const fromScores = await evaluate(slates, { ...policies, ...fast });
    expect(fromLog.estimates).toEqual(fromScores.estimates);
    expect(fromLog.inputs.logging).toBe('log');
  });

  it('makes BCa intervals of the same resamples, and no intervals that queries alone do not give', async () => {
    const [percentile, bca] = await Promise.all(
      (['bootstrap-percentile', 'bootstrap-bca'] as const).map((interval) =>
        evaluate(slates, { ...policies, ...fast, interval }),
      ),
    );
    const [before, after] = [percentile!, bca!].map((result) => result.estimates[1]!.interval!);
    expect(after!.method).toBe('bootstrap-bca');
    expect(after!.low).not.toBe(before!.low);
    expect(Math.abs(after!.low - before!.low)).toBeLessThan(before!.high - before!.low);
    await expect(evaluate(slates, { ...policies, ...fast, interval: 'hoeffding' as 't' })).rejects.toMatchObject({
      code: 'INTERVAL_UNKNOWN',
      message: expect.stringMatching(/bootstrap-percentile, t, bootstrap-bca\.$/),
    });
  });

  it('is deterministic, and another seed moves intervals only', async () => {
    const [a, b, c] = await Promise.all([3, 3, 4].map((seed) => evaluate(slates, { ...policies, ...fast, seed })));
    expect(b).toEqual(a);
    expect(c!.estimates[1]!.value).toBe(a!.estimates[1]!.value);
    expect(c!.estimates[1]!.interval).not.toEqual(a!.estimates[1]!.interval);
  });

  it('resamples clusters where the log names them', async () => {
    const log = slates.map((slate, i) => ({ ...slate, cluster: `user ${i % 2}` }));
    const clustered = await evaluate(log, { ...policies, ...fast, interval: 't' });
    const single = await evaluate(slates, { ...policies, ...fast, interval: 't' });
    // Two clusters: one degree of freedom.
    const width = (result: typeof single) => result.estimates[1]!.interval!.high - result.estimates[1]!.interval!.low;
    expect(width(clustered) / clustered.estimates[1]!.standardError!).toBeCloseTo(2 * 12.706204736174705, 8);
    expect(width(single) / single.estimates[1]!.standardError!).toBeCloseTo(2 * 2.000995378088268, 6);
    const one = slates.map((slate) => ({ ...slate, cluster: 'everyone' }));
    expect((await evaluate(one, { ...policies, ...fast })).estimates[1]!.interval).toBeNull();
  });

  it('runs the headline beside what was asked for', async () => {
    const result = await evaluate(slates, { ...policies, ...fast, estimators: ['slate'], normalise: 'tokens' });
    expect(result.estimates.map(({ estimator, normalise }) => `${estimator}/${normalise}`)).toEqual([
      'slate/none',
      'decomposed/none',
      'slate/tokens',
      'decomposed/tokens',
    ]);
    expect(result.headline).toMatchObject({ estimator: 'decomposed', normalise: 'none' });
  });

  it('balances both parts with lambdaDiv auto', async () => {
    const result = await evaluate(slates, { ...policies, ...fast, lambdaDiv: 'auto' });
    const row = result.estimates.find(
      ({ estimator, normalise }) => estimator === 'decomposed' && normalise === 'none',
    )!;
    const rewards = slates.flatMap((slate) => slate.responses.map((response) => response.signal!));
    const surprise: number[] = [];
    for await (const { responses } of policies.target.score(slates))
      surprise.push(...responses.map(({ logprob }) => -logprob));
    const deviation = (values: number[]) => {
      const mean = values.reduce((a, b) => a + b) / values.length;
      return Math.sqrt(values.reduce((a, b) => a + (b - mean) ** 2, 0) / values.length);
    };
    expect(row.lambdaDiv).toBeCloseTo(deviation(rewards) / deviation(surprise), 12);
  });

  it('can be interrupted', async () => {
    const controller = new AbortController();
    const running = evaluate(slates, {
      ...policies,
      ...fast,
      resamples: 1e6,
      signal: controller.signal,
      onProgress: ({ phase }) => phase === 'intervals' && controller.abort(),
    });
    await expect(running).rejects.toThrow(/abort/i);
  });
});

describe('groups', () => {
  const at = (rewards: Record<string, number>, logProb: number): ScoredResponse => ({
    logProb,
    loggingLogProb: -2,
    judgements: Object.entries(rewards).map(([group, signal]) => ({ group, signal })),
  });
  const judged = [
    [at({ a: 1, b: 0 }, -1), at({ a: 0, b: 1 }, -2)],
    [at({ a: 1 }, -1), at({ a: 0.5 }, -3)],
  ];
  const options = {
    target: targetOf(judged),
    logging: 'log',
    resamples: 50,
    lambdaDiv: 0,
    reward: 'identity',
  } as const;

  it('of judges: their own rewards, all responses, unchanged weights', async () => {
    const { groups } = await evaluate(slatesOf(judged), { ...options, by: 'group' });
    expect(groups.map(({ group, queries, responses }) => [group, queries, responses])).toEqual([
      ['a', 2, 4],
      ['b', 1, 2],
    ]);
    const value = (g: number) => groups[g]!.estimates.find((row) => row.estimator === 'decomposed')!.value;
    expect(value(0)).toBeCloseTo((Math.E + (Math.E + 0.5 * Math.exp(-1))) / 2, 12);
    expect(value(1)).toBeCloseTo(1, 12);
    expect(groups[1]!.estimates[0]!.interval).toBeNull();
  });

  it('of authors: their sub-slates', async () => {
    const written: ScoredResponse[][] = [
      [
        { logProb: -1, loggingLogProb: -2, group: 'x', signal: 1 },
        { logProb: -2, loggingLogProb: -2, group: 'y', signal: 0.5 },
        { logProb: -2, loggingLogProb: -2, signal: 0.1 },
      ],
      [{ logProb: -3, loggingLogProb: -2, group: 'y', signal: 1 }],
    ];
    const { groups } = await evaluate(slatesOf(written), { ...options, target: targetOf(written), by: 'group' });
    expect(groups.map(({ group, queries, responses }) => [group, queries, responses])).toEqual([
      ['x', 1, 1],
      ['y', 2, 2],
    ]);
    const value = groups[1]!.estimates.find((row) => row.estimator === 'decomposed')!.value;
    expect(value).toBeCloseTo((0.5 + Math.exp(-1)) / 2, 12);
  });

  it('of queries, by a field of the slate', async () => {
    const log = slates.map((slate, i) => ({ ...slate, topic: i % 3 === 0 ? 'rivers' : 7 }));
    const result = await evaluate(log, { ...policies, ...fast, by: 'topic' });
    expect(result.groups.map(({ group, queries }) => [group, queries])).toEqual([
      ['7', 40],
      ['rivers', 20],
    ]);
    const alone = await evaluate(
      log.filter((_, i) => i % 3 === 0),
      { ...policies, ...fast },
    );
    expect(result.groups[1]!.estimates).toEqual(alone.estimates);
  });

  it('that do not exist are an error', async () => {
    await expect(
      evaluate(slatesOf([[{ logProb: -1, loggingLogProb: -1, signal: 1 }]]), {
        ...options,
        target: targetOf([[{ logProb: -1, loggingLogProb: -1 }]]),
        by: 'group',
      }),
    ).rejects.toMatchObject({ code: 'NO_GROUPS' });
  });
});

describe('what evaluate warns of', () => {
  it('nothing but the estimand on a good log', async () => {
    const result = await evaluate(world.sample(400), { ...policies, ...fast, lambdaDiv: 0.2 });
    expect(codes(result)).toEqual(['ESTIMAND']);
    expect(result.verdict).toBe('reliable');
  });

  const run = (log: ScoredResponse[][], options: object = {}, fields: object[] = []) =>
    evaluate(slatesOf(log, fields), { target: targetOf(log), logging: 'log', resamples: 50, ...options });
  const plain = (signal: number, more: object = {}): ScoredResponse => ({
    logProb: -2,
    loggingLogProb: -2,
    signal,
    ...more,
  });
  const many = (slate: ScoredResponse[]) => Array.from({ length: 12 }, () => slate);

  it('signals that say nothing, negative signals and unequal slates', async () => {
    const result = await run(
      [
        [plain(0), plain(0)],
        [plain(3), plain(-1), plain(-2)],
      ],
      { lambdaDiv: 5 },
    );
    const message = (code: string) => result.warnings.find((warning) => warning.code === code)?.message;
    expect(message('NO_PREFERENCE')).toMatch(/1 of 2 slates/);
    expect(message('NEGATIVE_SIGNALS')).toMatch(/2 negative/);
    expect(message('UNEQUAL_SLATES')).toMatch(/2 to 3/);
    expect(message('FEW_QUERIES')).toMatch(/only 2 queries/);
    expect(message('DIVERSITY_DOMINATES')).toMatch(/decomposed under none/);
  });

  it('rewards of several kinds, missing token counts, vanishing bounds', async () => {
    const ranked = { ...plain(0), signal: undefined };
    const log = [
      [plain(1), plain(0)],
      [
        { ...ranked, rank: 1 },
        { ...ranked, rank: 2 },
      ],
    ] as ScoredResponse[][];
    const noTokens = { logging: { logprob: -2 } };
    log.push([plain(1, noTokens), plain(1, noTokens)]);
    const result = await run(log, { lambdaDiv: 0 });
    expect(codes(result)).toEqual(expect.arrayContaining(['MIXED_REWARDS', 'TOKENS_ASSUMED', 'BOUND_ZERO']));
    expect(result.warnings.find(({ code }) => code === 'BOUND_ZERO')!.message).toMatch(/1 of 3 slates/);
  });

  it('policies that cannot be compared', async () => {
    const log = many([plain(1)]);
    const target = targetOf(log, { tokenizer: 'sha256:a', dtype: 'bf16' });
    const logging = targetOf(log, { tokenizer: 'sha256:b', dtype: 'f32' });
    expect(codes(await run(log, { target, logging }))).toEqual(
      expect.arrayContaining(['TOKENIZER_MISMATCH', 'MIXED_DTYPES']),
    );
    expect(codes(await run(log, { target, logging, normalise: 'bytes' }))).not.toContain('TOKENIZER_MISMATCH');
  });

  it('a weight that overflows: the query is named, its rows are null, clipping gives values back', async () => {
    const log = [...many([plain(1)]), [{ ...plain(1), logProb: -1, loggingLogProb: -900, tokens: 1 }]];
    const result = await run(log, { transform: 'identity', normalise: 'none' });
    expect(
      result.estimates.every((row) => row.value === null && row.interval === null && row.verdict === 'unreliable'),
    ).toBe(true);
    expect(result.warnings.find(({ code }) => code === 'WEIGHT_OVERFLOW')!.message).toMatch(/"q12".*exp\(899\.0\)/);
    expect(result).toMatchObject({ headline: null, verdict: 'unreliable' });
    expect(JSON.stringify(result)).not.toMatch(/Infinity|NaN/);
    const clipped = await run(log, { normalise: 'none' });
    expect(clipped.estimates[1]!.value).toBeGreaterThan(0);
    expect(clipped.estimates[1]!.diagnostics.clippingBias).toBeNull();
  });
});

describe('the headline', () => {
  /** Sums that differ far more than means per token: 'none' breaks down where 'tokens' holds. */
  const long = Array.from({ length: 60 }, (_, i): ScoredResponse[] => [
    { logProb: -400 + 8 * Math.sin(i), loggingLogProb: -400, tokens: 100, signal: 1 },
    { logProb: -400 - 9 * Math.cos(i), loggingLogProb: -400, tokens: 100, signal: 2 },
  ]);
  const options = { target: targetOf(long), logging: 'log', resamples: 50 } as const;

  it("falls back to the self-normalised index under 'tokens', and says why", async () => {
    const result = await evaluate(slatesOf(long), options);
    expect(result.headline).toMatchObject({ estimator: 'decomposed', normalise: 'tokens', kind: 'index' });
    const row = result.estimates.find(
      ({ estimator, normalise }) => estimator === 'decomposed' && normalise === 'tokens',
    )!;
    expect(result.headline!.value).toBe(row.selfNormalised);
    expect(result.headline!.interval).toEqual(row.selfNormalisedInterval);
    expect(result.verdict).toBe('caution');
    expect(
      result.warnings.some(({ code, message }) => code === 'CLIPPED_SHARE' && message.startsWith('decomposed, none')),
    ).toBe(true);
  });

  it("reads the index under 'bytes' where tokenizers differ", async () => {
    const log = slatesOf(long);
    const target = targetOf(long, { tokenizer: 'sha256:a' });
    const loggingLog = long.map((slate) =>
      slate.map((response) => ({ ...response, logProb: response.loggingLogProb })),
    );
    const logging = targetOf(loggingLog, { tokenizer: 'sha256:b' });
    const lengthened = log.map((slate) => ({
      ...slate,
      responses: slate.responses.map((response) => ({ ...response, text: 'x'.repeat(400) })),
    }));
    const result = await evaluate(lengthened, { ...options, target, logging });
    expect(result.headline).toMatchObject({ normalise: 'bytes', kind: 'index' });
  });

  it('is null, and strict throws, where neither holds', async () => {
    const collapsed = long.map((slate) => slate.map((response) => ({ ...response, logProb: -450 })));
    const target = targetOf(collapsed);
    const result = await evaluate(slatesOf(collapsed), { ...options, target });
    expect(result).toMatchObject({ headline: null, verdict: 'unreliable' });
    expect(codes(result)).toEqual(expect.arrayContaining(['NO_HEADLINE', 'LOW_MEAN_WEIGHT', 'NO_SUPPORT']));
    await expect(evaluate(slatesOf(collapsed), { ...options, target, strict: true })).rejects.toMatchObject({
      code: 'UNRELIABLE',
      exitCode: 1,
      message: expect.stringMatching(/LOW_MEAN_WEIGHT/),
    });
  });
});

describe('slate + soft + share', () => {
  it('is refused when it is asked for, and left out when it is not', async () => {
    const share = { ...policies, resamples: 50, form: 'soft' } as const;
    await expect(evaluate(slates, { ...share, estimators: ['slate'] })).rejects.toMatchObject({
      code: 'SLATE_SOFT_SHARE',
      exitCode: 2,
    });
    const result = await evaluate(slates, share);
    expect(result.estimates.some(({ estimator }) => estimator === 'slate')).toBe(false);
    expect(codes(result)).toContain('SLATE_SOFT_SHARE');
    const identity = await evaluate(slates, { ...share, reward: 'identity', estimators: ['slate'] });
    expect(identity.estimates.some(({ estimator }) => estimator === 'slate')).toBe(true);
  });
});
