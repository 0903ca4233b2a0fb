/** The golden values of test/fixtures/models, through the public API. The README there says where they come from. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { CausalModel } from '../../src/models/causal-model.js';
import { loadModel } from '../../src/models/load.js';
import type { DeviceKind } from '../../src/tensor/device.js';
import { fixtureModel } from './model-fixtures.js';
import { expectClose } from './tolerance.js';

interface Expected {
  batches: {
    name: string;
    prompt_ids: number[];
    responses: number[][];
    logits: { row: number; position: number; values: number[] }[];
    token_logprobs: number[][];
    token_entropies: number[][];
    mean_logprobs: number[];
    float32_run: { max_abs_diff_from_float64: Record<string, number> };
  }[];
  sensitivity: Record<string, number[]>;
}

/** What a scoring pass must give for a fixture; a GPU gets four times the tolerance, for it sums in another order. */
export function describeGoldenScores(name: string, device: DeviceKind): void {
  describe(name, () => {
    const folder = fixtureModel(name);
    const expected: Expected = JSON.parse(readFileSync(join(folder, 'expected.json'), 'utf8'));
    let model: CausalModel;
    beforeAll(async () => {
      model = await loadModel(folder, { device });
    });
    afterAll(() => model.dispose());

    describe.each(expected.batches)('batch $name', (batch) => {
      // The README's suggestion: 1e-4, or 8 times what the reference itself loses in float32.
      const tolerance = (quantity: string) => {
        const reference = batch.float32_run.max_abs_diff_from_float64[quantity]!;
        return { atol: (device === 'cuda' ? 4 : 1) * Math.max(1e-4, 8 * reference), rtol: 0 };
      };
      const slate = { prompt: batch.prompt_ids, responses: batch.responses };

      test.each([true, false])('token log-probabilities, entropies and means, packed: %s', async (packed) => {
        const [scores] = await model.scoreTokens([slate], { entropy: true, packed });
        scores!.forEach((score, k) => {
          expectClose(
            score.logProbs,
            batch.token_logprobs[k]!,
            tolerance('token_logprobs'),
            `log-probs of response ${k}`,
          );
          expectClose(
            score.entropies!,
            batch.token_entropies[k]!,
            tolerance('token_entropies'),
            `entropies of response ${k}`,
          );
          expectClose([score.mean], [batch.mean_logprobs[k]!], tolerance('mean_logprobs'), `mean of response ${k}`);
          expect(score.sum).toBeCloseTo(score.mean * batch.responses[k]!.length, 10);
        });
      });

      test('logits', async () => {
        for (const { row, position, values } of batch.logits) {
          const ids = [...batch.prompt_ids, ...batch.responses[row]!];
          const logits = await model.logits(ids, { positions: [position] });
          expectClose(logits, values, tolerance('logits'), `logits of row ${row} at ${position}`);
        }
      });

      test('the tolerance would show each setting that the fixture gets wrong on purpose', () => {
        const shifts = Object.values(expected.sensitivity).map((byBatch) => byBatch[expected.batches.indexOf(batch)]!);
        for (const shift of shifts) expect(shift).toBeGreaterThan(2 * tolerance('token_logprobs').atol);
      });
    });
  });
}
