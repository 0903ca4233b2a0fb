import { readFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { type FitLoggingOptions, type FittedLogging, fitLogging } from '../../src/align/fit-logging.js';
import { Folds } from '../../src/align/folds.js';
import type { Slate } from '../../src/data/slate.js';
import { writeWorldModel } from '../../src/experiments/worlds/text/model.js';
import { textWorld } from '../../src/experiments/worlds/text/text-world.js';
import { loadModel } from '../../src/models/index.js';
import { LocalPolicy } from '../../src/policy/local-policy.js';
import { scoreFile } from '../../src/policy/score-file.js';
import type { ScoreLine } from '../../src/policy/score-line.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';
import { tinyModel } from '../helpers/tiny-model.js';
import { trainingLog } from './runs.js';

const folder = temporaryFolder();
let runs = 0;

function shortFit(model: string, changes: Partial<FitLoggingOptions> = {}): FitLoggingOptions {
  const output = join(folder, `fit-${runs++}`);
  return { model, output, folds: 3, lr: 1e-3, steps: 4, batch: 4, checkpointEvery: 2, ...changes };
}

function scoreLines(path: string): ScoreLine[] {
  return readFileSync(path, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
}

const weights = (output: string, fold: number) =>
  readFileSync(join(output, `fold-${fold}`, 'model', 'model.safetensors'));

describe('fitLogging on a small log', () => {
  let model: string;
  let log: Slate[];
  beforeAll(async () => {
    model = await tinyModel();
    log = trainingLog(30).map((slate, i) => (i % 3 === 0 ? slate : { ...slate, cluster: `user-${i % 7}` }));
  });

  it('writes one policy in log order, each response scored by the model of the other folds', async () => {
    const options = shortFit(model);
    const result = await fitLogging(log, options);
    const lines = scoreLines(join(options.output, 'scores.jsonl'));
    expect(lines.map(({ query, response }) => [query, response])).toEqual(
      log.flatMap(({ id, responses }) => responses.map((response) => [id, response.id])),
    );
    // Readers of score files take them as one policy.
    for await (const { responses } of scoreFile(result.scores).score(log)) expect(responses.length).toBeGreaterThan(0);
    expect(result.policy).toMatchObject({ policy: 'fitted', temperature: 1, dtype: 'f32' });

    const folds = await Folds.deal(log, { count: 3, seed: 0 });
    for (const fold of [1, 2, 3]) {
      using fitted = await loadModel(join(options.output, `fold-${fold}`, 'model'));
      const own = log.filter((slate) => folds.foldOf(slate) === fold);
      const sums = { logProb: 0, tokens: 0 };
      for await (const { query, responses } of new LocalPolicy(fitted).score(own)) {
        for (const { response, logprob, tokens } of responses) {
          const line = lines.find((each) => each.query === query && each.response === response)!;
          expect(line).toMatchObject({ logprob, tokens });
          sums.logProb += logprob;
          sums.tokens += tokens;
        }
      }
      expect(result.folds[fold - 1]).toMatchObject({ fold, queries: own.length, tokens: sums.tokens, steps: 4 });
      expect(result.folds[fold - 1]!.perplexity).toBeCloseTo(Math.exp(-sums.logProb / sums.tokens), 6);
    }
    expect(result.heldOut).toMatchObject({ queries: 30, responses: lines.length });
    expect(await readdir(join(options.output, 'fold-1'))).not.toContain('checkpoints');
    expect(await readdir(result.model)).toContain('tokenizer.json');
  });

  it('fits a fold without its texts, and all without votes and weights', async () => {
    const first = shortFit(model);
    await fitLogging(log, first);
    const folds = await Folds.deal(log, { count: 3, seed: 0 });
    const changed = log.map((slate) => ({
      ...slate,
      weight: 3,
      responses: slate.responses.map(({ id, text }, k) => ({
        id,
        text: folds.foldOf(slate) === 1 ? `${text} altogether other` : text,
        signal: -k,
      })),
    }));
    const second = shortFit(model);
    await fitLogging(changed, second);
    expect(weights(second.output, 1).equals(weights(first.output, 1))).toBe(true);
    expect(weights(second.output, 2).equals(weights(first.output, 2))).toBe(false);
  });

  it.each([
    ['weights', {}],
    ['adapters', { lora: 2 }],
  ])('goes on after an interruption in every phase and ends with the same files: %s', async (_, changes) => {
    const whole = shortFit(model, changes);
    const result = await fitLogging(log, whole);
    const broken = shortFit(model, changes);
    let interruptions = 0;
    for (const phase of ['all at 3', 'fold 1 at 2', 'fold 1 scored', 'fold 3 at 1', 'fold 3 scored']) {
      const stop = new AbortController();
      const reached = (now: string) => now === phase && stop.abort(new Error('stopped'));
      const interrupted = fitLogging(log, {
        ...broken,
        signal: stop.signal,
        onProgress: (fold, { step }) => reached(`${fold === null ? 'all' : `fold ${fold}`} at ${step}`),
        onScored: (fold) => reached(`fold ${fold} scored`),
      });
      await interrupted.catch((error: Error) => {
        expect(error.message).toBe('stopped');
        interruptions++;
      });
    }
    // An abort after the only batch of a fold is too late to stop its scoring, but not what follows; the last is too late.
    expect(interruptions).toBeGreaterThanOrEqual(4);
    const resumed = await fitLogging(log, broken);
    expect({ ...resumed, scores: result.scores, model: result.model }).toEqual(result);
    expect(readFileSync(resumed.scores).equals(readFileSync(result.scores))).toBe(true);
  });

  it('refuses to go on with other folds, another seed or another part of the log', async () => {
    const options = shortFit(model, { steps: 1 });
    await fitLogging(log, options);
    const changed = { code: 'RUN_CHANGED' };
    await expect(fitLogging(log, { ...options, folds: 4 })).rejects.toMatchObject(changed);
    await expect(fitLogging(log, { ...options, seed: 4 })).rejects.toMatchObject(changed);
    await expect(fitLogging(log.slice(1), options)).rejects.toMatchObject(changed);
    await expect(fitLogging(log, { ...options, folds: 1 })).rejects.toMatchObject({ code: 'FOLDS' });
  });
});

describe('fitLogging on a world of known propensities', () => {
  const world = textWorld('pluralistic');
  const log = world.log(undefined, { slates: 300, slateSize: 4 });
  let result: FittedLogging;

  beforeAll(async () => {
    const base = join(folder, 'world-model');
    await writeWorldModel(base, { layers: 1, width: 32, heads: 2 });
    result = await fitLogging(log, {
      ...shortFit(base),
      folds: 2,
      lr: 1e-2,
      steps: 80,
      batch: 12,
      validateEvery: 0,
      patience: 0,
    });
  });

  it('comes near the true log-probabilities, and not above them', () => {
    const fitted = scoreLines(result.scores).map(({ logprob }) => logprob);
    const truth = log.flatMap(({ responses }) => responses.map(({ logging }) => logging!.logprob));
    expect(correlation(fitted, truth)).toBeGreaterThan(0.85);
    // The true density is the best there is: no model has a lower perplexity on responses that it has not seen.
    const { tokens, perplexity } = result.heldOut;
    const best = Math.exp(-truth.reduce((sum, each) => sum + each, 0) / tokens);
    expect(perplexity).toBeGreaterThan(best);
    expect(perplexity).toBeLessThan(3 * best);
  });

  it('is worse than in sample: cross-fitting does not see what it scores', async () => {
    using fold = await loadModel(join(folder, `fit-${runs - 1}`, 'fold-1', 'model'));
    const folds = await Folds.deal(log, { count: 2, seed: 0 });
    const { splitOf } = folds.partition(1);
    const perplexity = async (part: string) => {
      let sum = 0;
      let count = 0;
      const slates = log.filter((slate) => splitOf(slate) === part);
      for await (const { responses } of new LocalPolicy(fold).score(slates)) {
        for (const { logprob, tokens } of responses) {
          sum += logprob;
          count += tokens;
        }
      }
      return Math.exp(-sum / count);
    };
    expect(await perplexity('test')).toBeCloseTo(result.folds[0]!.perplexity!, 6);
    expect(await perplexity('test')).toBeGreaterThan(1.05 * (await perplexity('train')));
  });
});

function correlation(x: readonly number[], y: readonly number[]): number {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [mx, my] = [mean(x), mean(y)];
  const product = mean(x.map((value, i) => (value - mx) * (y[i]! - my)));
  return product / Math.sqrt(mean(x.map((value) => (value - mx) ** 2)) * mean(y.map((value) => (value - my) ** 2)));
}
