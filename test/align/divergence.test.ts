/** Every place at which a run finds numbers that are none: what it says, and which weights it keeps. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, it, vi } from 'vitest';
import { type AlignOptions, align } from '../../src/align/align.js';
import * as method from '../../src/align/method.js';
import { LoggedDataset } from '../../src/data/dataset.js';
import type { CausalModel } from '../../src/models/causal-model.js';
import { loadModel } from '../../src/models/index.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';
import { tinyModel } from '../helpers/tiny-model.js';
import { shortRun, trainingLog } from './runs.js';

vi.mock('../../src/align/method.js', { spy: true });
afterEach(() => vi.restoreAllMocks());

const folder = temporaryFolder();
const batch = [{ prompt: [254, 65, 66], responses: [[67, 68, 255]] }];
const score = async (model: CausalModel) => (await model.scoreTokens(batch))[0]![0]!.sum;
let runs = 0;

async function run(changes: Partial<AlignOptions>, during: (model: CausalModel, step: number) => void = () => {}) {
  const output = join(folder, `run-${runs++}`);
  using model = await loadModel(await tinyModel());
  const options = shortRun(output, {
    validateEvery: 0,
    checkpointEvery: 0,
    onProgress: ({ step }) => during(model, step),
    ...changes,
  });
  const initial = await score(model);
  const failed = await align(model, LoggedDataset.fromSlates(trainingLog()), options).then(
    () => null,
    ({ code, message }) => ({ code, message }),
  );
  return { output, initial, final: await score(model), failed };
}

it('log-probabilities at the start of a step, after weights that grew too large', async () => {
  const { failed, output } = await run({ lr: 1e30, maxNorm: 0 });
  expect(failed).toMatchObject({ code: 'DIVERGED' });
  expect(failed!.message).toMatch(
    /^step 2 \(epoch 1\), batch of queries "q\d+", "q\d+", "q\d+", "q\d+": a log-probability is not finite; no checkpoint was written before it; lower --lr/,
  );
  expect(existsSync(join(output, 'model'))).toBe(false);
});

it.each([
  ['one batch', {}],
  ['micro-batches', { batchTokens: 16 }],
])('the same, with the last good weights in a checkpoint: %s', async (_, changes) => {
  const { failed, output } = await run({ checkpointEvery: 3, lr: 1e-2, ...changes }, (model, step) => {
    if (step !== 4) return; // Known when step 5 is under way.
    const norm = model.trained.tensors.get('model.norm.weight')!;
    norm.device.write(norm, new Float32Array(norm.size).fill(Number.NaN));
  });
  expect(failed!.message).toMatch(
    /^step 6 .*: a log-probability is not finite; the last good weights are in .*step-3;/,
  );
  using kept = await loadModel(join(output, 'checkpoints', 'step-3', 'model'));
  expect(Number.isFinite(await score(kept))).toBe(true);
});

it.each([
  ['value', { value: Number.NaN }],
  ['coefficient', { coefficients: (of: Float64Array) => of.fill(Number.POSITIVE_INFINITY) }],
])('a %s of a step that is no number, with the weights from before it', async (_, wrong) => {
  const { objectiveOf } = await vi.importActual<typeof method>('../../src/align/method.js');
  vi.mocked(method.objectiveOf).mockImplementation((settings, rule) => {
    const objective = objectiveOf(settings, rule);
    let calls = 0;
    return (slates) => {
      const right = objective(slates);
      // The first two are measurements before the first step.
      if (++calls <= 2 + 3) return right;
      return 'value' in wrong
        ? { ...right, ...wrong }
        : { ...right, coefficients: wrong.coefficients(right.coefficients) };
    };
  });
  const { failed, output, initial, final } = await run({ lr: 1e-2 });
  expect(failed!.message).toMatch(
    /^step 4 \(epoch 1\), batch of queries "q\d+".*: the value is not finite; the last good weights are in .*step-3;/,
  );
  using kept = await loadModel(join(output, 'checkpoints', 'step-3', 'model'));
  expect(await score(kept)).toBe(final);
  expect(final).not.toBe(initial);
});

it('a value of a validation, with the weights that it is the value of', async () => {
  const { objectiveOf } = await vi.importActual<typeof method>('../../src/align/method.js');
  vi.mocked(method.objectiveOf).mockImplementation((settings, rule) => {
    const objective = objectiveOf(settings, rule);
    return (slates) => ({ ...objective(slates), ...(slates.queryIds.length > 4 ? { value: Number.NaN } : {}) });
  });
  const { failed, output } = await run({ validationQueries: 20 });
  expect(failed).toMatchObject({ code: 'DIVERGED' });
  expect(failed!.message).toMatch(/^validation after step 0: the value is not finite; .* in .*step-0;/);
  expect(existsSync(join(output, 'checkpoints', 'step-0', 'model'))).toBe(true);
});
