/** The signs of training that goes wrong: in invented histories, and in runs that are built to go wrong. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type AlignOptions, align } from '../../src/align/align.js';
import { type Evaluation, type Measurement, trainingWarnings } from '../../src/align/warnings.js';
import { LoggedDataset } from '../../src/data/dataset.js';
import type { Slate } from '../../src/data/slate.js';
import { loadModel } from '../../src/models/index.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';
import { tinyModel } from '../helpers/tiny-model.js';
import { shortRun, trainingLog } from './runs.js';

const healthy: Measurement = {
  value: 1,
  estimate: { value: 1, utility: 1, diversity: 0 },
  meanWeight: 1,
  effectiveSampleShare: 0.9,
  meanRho: 1,
  meanLogProb: -1.2,
};
const interval = { push: { positive: 1, junk: 0.1, responses: 10, junkResponses: 2 }, slates: 10, silentSlates: 1 };

/** A history of validations that are healthy but for what is said of each. */
function history(steps: { training?: Partial<Measurement>; validation?: Partial<Measurement> | null }[]): Evaluation[] {
  return steps.map(({ training, validation = {} }, i) => ({
    step: 100 * i,
    training: { ...healthy, ...training },
    validation: validation && { ...healthy, ...validation },
    interval,
  }));
}

const codes = (evaluations: Evaluation[], bound = false) =>
  trainingWarnings(evaluations, 'pope', bound).map(({ code }) => code);
const estimates = (...values: [utility: number, diversity: number][]) =>
  values.map(([utility, diversity]) => ({ value: utility + diversity, utility, diversity }));

describe('warnings', () => {
  it('are silent while all is well, and without propensities or validation queries', () => {
    expect(codes(history([{}, {}, {}, {}, {}]))).toEqual([]);
    const unknown = { estimate: null, meanWeight: null, effectiveSampleShare: null, meanRho: null };
    expect(codes(history([1, 2, 3, 4].map(() => ({ training: unknown, validation: null }))))).toEqual([]);
  });

  it('PROPENSITY_OVERFIT: the training mean weight exceeds 2, or overflows', () => {
    expect(codes(history([{}, { training: { meanWeight: 2.01 } }]))).toEqual(['PROPENSITY_OVERFIT']);
    expect(codes(history([{}, { training: { meanWeight: null } }]))).toEqual(['PROPENSITY_OVERFIT']);
  });

  it('PROPENSITY_OVERFIT: validation falls three times while training rises', () => {
    const training = estimates([1, 0], [1.1, 0], [1.2, 0], [1.3, 0]);
    const falling = estimates([1, 0], [0.9, 0], [0.8, 0], [0.7, 0]);
    const all = training.map((estimate, i) => ({ training: { estimate }, validation: { estimate: falling[i]! } }));
    expect(codes(history(all))).toEqual(['PROPENSITY_OVERFIT']);
    expect(codes(history(all.slice(1)))).toEqual([]);
    expect(codes(history(all.with(2, all[0]!)))).toEqual([]);
  });

  it('REWARD_HACKING: validation utility falls while diversity rises', () => {
    const hacked = estimates([1, 0], [0.9, 0.2], [0.8, 0.4], [0.7, 0.6]);
    expect(codes(history(hacked.map((estimate) => ({ validation: { estimate } }))))).toEqual(['REWARD_HACKING']);
  });

  it('COLLAPSE: weights or log-probabilities fall, below where they began', () => {
    expect(codes(history([{}, { training: { meanRho: 0.69 } }]))).toEqual(['COLLAPSE']);
    expect(codes(history([{ training: { meanRho: 0.1 } }, { training: { meanRho: 0.5 } }]))).toEqual([]);
    const falling = [-1.4, -1.5, -1.6, -1.7].map((meanLogProb) => ({ training: { meanLogProb } }));
    expect(codes(history(falling))).toEqual(['COLLAPSE']);
    expect(codes(history(falling.toReversed()))).toEqual([]);
  });

  it('DEAD_BOUND: most bounds are 0', () => {
    const dead = history([{}, {}]).map((evaluation) => ({ ...evaluation, interval: { ...interval, silentSlates: 6 } }));
    expect(codes(dead, true)).toEqual(['DEAD_BOUND']);
    expect(codes(dead)).toEqual([]);
  });

  it('JUNK_PUSH: unwanted responses take more of the push than their number', () => {
    const push = { ...interval.push, junk: 0.25 };
    expect(codes(history([{}]).map((evaluation) => ({ ...evaluation, interval: { ...interval, push } })))).toEqual([
      'JUNK_PUSH',
    ]);
  });
});

const folder = temporaryFolder();

async function warningsOf(name: string, slates: Slate[], changes: Partial<AlignOptions>, model?: string) {
  using loaded = await loadModel(model ?? (await tinyModel()));
  const options = shortRun(join(folder, name), { validateEvery: 5, checkpointEvery: 0, ...changes });
  const { warnings } = await align(loaded, LoggedDataset.fromSlates(slates), options);
  return warnings.map(({ code }) => code);
}

/** Slates of a few fixed texts; nobody votes for the last one, and the logging policy hardly ever wrote it. */
function fixedTexts(): Slate[] {
  return Array.from({ length: 40 }, (_, q) => ({
    id: `q${q}`,
    prompt: 'and?',
    responses: ['yes', 'no, no', 'xkq zvw jh'].map((text, k) => ({
      id: `r${k}`,
      text,
      signal: 2 - k,
      logging: { logprob: (k < 2 ? -0.3 : -3) * (text.length + 1), tokens: text.length + 1 },
    })),
  }));
}

describe('a run that goes wrong warns of', () => {
  it('overfitted propensities', async () => {
    const found = await warningsOf('overfit', trainingLog(), { lr: 5e-3, steps: 40, transform: 'none' });
    expect(found).toContain('PROPENSITY_OVERFIT');
  });

  it('a collapse', async () => {
    const found = await warningsOf('collapse', trainingLog(), { method: 'dpo', beta: 1, lr: 5e-3, steps: 40 });
    expect(found).toContain('COLLAPSE');
  });

  it('dead bounds', async () => {
    const found = await warningsOf('dead', fixedTexts(), { objective: 'bound', steps: 5 });
    expect(found).toContain('DEAD_BOUND');
  });

  it('a push on junk', async () => {
    const found = await warningsOf('junk', fixedTexts(), {
      objective: 'decomposed',
      lambdaDiv: 10,
      lr: 3e-3,
      steps: 60,
    });
    expect(found).toContain('JUNK_PUSH');
  });

  it('a diversity reward that is met by what nobody wants', async () => {
    await warningsOf('fit', fixedTexts(), { method: 'sft-all', lr: 1e-2, steps: 40 });
    const changes = { lambdaCu: 0.01, lambdaDiv: 1, lr: 3e-4, steps: 30 };
    const found = await warningsOf('hacked', fixedTexts(), changes, join(folder, 'fit', 'model'));
    expect(found).toContain('REWARD_HACKING');
  });
});
