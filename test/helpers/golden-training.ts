/** Gradients and three AdamW steps of test/fixtures/models, through the public API; tolerances are those of its README. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type AdamW, adamW } from '../../src/align/optimizer.js';
import type { CausalModel } from '../../src/models/causal-model.js';
import { loadModel } from '../../src/models/load.js';
import type { DeviceKind } from '../../src/tensor/device.js';
import { fixtureModel } from './model-fixtures.js';
import { expectClose } from './tolerance.js';

interface GoldenGradient {
  norm: number;
  sample_indices: number[];
  sample_values: number[];
  head: number[];
}

interface GoldenParameter {
  l2: number;
  change_l2: number;
  head: number[];
}

interface Expected {
  batches: {
    name: string;
    prompt_ids: number[];
    responses: number[][];
    coefficients: number[];
    objective: number;
    gradients_of_objective: Record<string, GoldenGradient>;
    adamw: {
      lr: number;
      betas: [number, number];
      eps: number;
      weight_decay: number;
      steps: number;
      objective_before_each_step: number[];
      objective_after: number;
      parameters_after: Record<string, GoldenParameter>;
    };
  }[];
}

const norm = (values: ArrayLike<number>) => Math.sqrt(Array.from(values).reduce((sum, x) => sum + x * x, 0));
const objectiveTolerance = { atol: 5e-5, rtol: 2e-4 };

/** What training must do to a fixture; a GPU gets four times the tolerance, for it sums in another order. */
export function describeGoldenTraining(name: string, device: DeviceKind): void {
  describe(name, () => {
    const folder = fixtureModel(name);
    const expected: Expected = JSON.parse(readFileSync(join(folder, 'expected.json'), 'utf8'));
    let model: CausalModel;
    let optimizer: AdamW | undefined;
    beforeEach(async () => {
      model = await loadModel(folder, { device });
    });
    afterEach(() => {
      optimizer?.dispose();
      model.dispose();
    });

    describe.each(expected.batches)('batch $name', (batch) => {
      const slates = [{ prompt: batch.prompt_ids, responses: batch.responses }];
      const coefficients = [batch.coefficients];
      const objective = async () => {
        const [scores] = await model.scoreTokens(slates);
        return scores!.reduce((sum, { mean }, k) => sum + batch.coefficients[k]! * mean, 0);
      };

      test.each([
        ['packed', {}],
        ['unpacked', { packed: false }],
        ['in micro-batches', { packed: false, batchTokens: 1 }],
        ['with checkpointing', { checkpointing: true }],
      ])('gradients, %s', async (_, options) => {
        await model.accumulateGradient(slates, coefficients, options);
        const golden = batch.gradients_of_objective;
        expect(model.parameterNames().sort()).toEqual(Object.keys(golden).sort());
        for (const [parameter, { norm: size, sample_indices: indices, sample_values: samples, head }] of Object.entries(
          golden,
        )) {
          const gradient = await model.gradient(parameter);
          const close = { atol: 1e-4 * size, rtol: 0 };
          expectClose([norm(gradient)], [size], { atol: 0, rtol: 1e-4 }, `norm of ${parameter}`);
          expectClose(
            indices.map((i) => gradient[i]!),
            samples,
            close,
            `samples of ${parameter}`,
          );
          expectClose(gradient.subarray(0, head?.length ?? 0), head ?? [], close, `head of ${parameter}`);
        }
      });

      test('three steps of AdamW', async () => {
        const { lr, betas, eps, weight_decay: weightDecay, steps, ...golden } = batch.adamw;
        const read = async () =>
          new Map(
            await Promise.all([...model.trained.tensors].map(async ([key, t]) => [key, await t.read()] as const)),
          );
        const before = await read();
        const gradients = new Map<string, Float32Array>();
        optimizer = adamW(model, { lr, betas, eps, weightDecay });
        for (let step = 0; step < steps; step++) {
          expectClose(
            [await objective()],
            [golden.objective_before_each_step[step]!],
            objectiveTolerance,
            `step ${step}`,
          );
          await model.accumulateGradient(slates, coefficients);
          if (step === 0) for (const key of model.parameterNames()) gradients.set(key, await model.gradient(key));
          expect((await optimizer.step()).applied).toBe(true);
        }
        expectClose([await objective()], [golden.objective_after], objectiveTolerance, 'objective after');
        const after = await read();
        let unsure = 0;
        for (const [parameter, { l2, change_l2: change, head }] of Object.entries(golden.parameters_after)) {
          const values = after.get(parameter)!;
          // AdamW divides by sqrt(v) + eps: where the gradient is mere rounding, so is the direction of the step.
          const gradient = gradients.get(parameter)!;
          const noise = 1e-6 * norm(gradient);
          const sure = head.map((_, i) => i).filter((i) => gradient[i] === 0 || Math.abs(gradient[i]!) > noise);
          unsure += head.length - sure.length;
          expectClose(
            sure.map((i) => values[i]!),
            sure.map((i) => head[i]!),
            { atol: 5e-6, rtol: 0 },
            `head of ${parameter}`,
          );
          // The gradient of GPT-2's key biases is zero but for rounding, which AdamW enlarges: only their head is comparable.
          if (parameter.endsWith('attn.c_attn.bias')) continue;
          const moved = values.map((value, i) => value - before.get(parameter)![i]!);
          expectClose([norm(values)], [l2], { atol: 0, rtol: 2e-6 }, `l2 of ${parameter}`);
          expectClose([norm(moved)], [change], { atol: 0, rtol: 2e-4 }, `change of ${parameter}`);
        }
        expect(unsure).toBeLessThanOrEqual(2);
      });
    });
  });
}
