/** Being told of gradients while the backward pass that makes them goes on. */
import { describe, expect, it } from 'vitest';
import { loadModel } from '../../src/models/load.js';
import { fixtureModel, randomIds } from '../helpers/model-fixtures.js';

const slates = [1, 2, 3].map((seed) => ({ prompt: randomIds(9, seed), responses: [randomIds(5, seed + 7)] }));
const coefficients = [[1], [-0.5], [2]];

describe.each(['llama3-tiny', 'gpt2-tiny', 'qwen3-tiny'])('%s', (name) => {
  it('a gradient that is said to be final has the bits that it ends with', async () => {
    using model = await loadModel(fixtureModel(name), { device: 'cpu' });
    const told: Promise<Float32Array>[] = [];
    const tensors: unknown[] = [];
    await model.accumulateGradient(slates, coefficients, {
      batchTokens: 20, // Several batches: only the last one ends a gradient.
      onFinal: (gradient) => {
        tensors.push(gradient);
        told.push(gradient.read());
      },
    });
    const gradients = [...model.trained.gradients()].map(({ gradient }) => gradient);
    expect(new Set(tensors)).toEqual(new Set(gradients));
    expect(tensors).toHaveLength(gradients.length);
    expect(tensors.at(-1)).not.toBe(gradients.at(-1)); // In the order of the pass, which ends at the embedding.
    for (const [i, values] of (await Promise.all(told)).entries()) {
      expect(values).toEqual(await gradients[gradients.indexOf(tensors[i] as never)]!.read());
    }
  });

  it('with checkpointing nothing is said', async () => {
    using model = await loadModel(fixtureModel(name), { device: 'cpu' });
    let told = 0;
    await model.accumulateGradient(slates, coefficients, { checkpointing: true, onFinal: () => told++ });
    expect(told).toBe(0);
  });
});
