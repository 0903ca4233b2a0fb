import { setImmediate } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { adamW } from '../../src/align/optimizer.js';
import { loadModel } from '../../src/models/load.js';
import { tinyModel } from '../helpers/tiny-model.js';

/** Turns of the event loop while something runs. */
async function turnsDuring(work: Promise<unknown>): Promise<number> {
  let done = false;
  const running = work.finally(() => {
    done = true;
  });
  let turns = 0;
  for (; !done; turns++) await setImmediate();
  await running;
  return turns;
}

it('the event loop has its turns while a model scores and trains', async () => {
  const model = await loadModel(await tinyModel(), { device: 'cpu' });
  const ids = (length: number) => Int32Array.from({ length }, (_, i) => (i * 37 + 11) % 250);
  const slates = Array.from({ length: 200 }, () => ({ prompt: ids(30), responses: [ids(30), ids(29)] }));
  // A batch has at most 64 rows, so there are 200 and more, which take far longer than a turn may.
  const options = { batchTokens: 64 };
  expect(await turnsDuring(model.scoreTokens(slates, options))).toBeGreaterThan(20);
  const optimizer = adamW(model, { lr: 1e-3 });
  const train = async () => {
    await model.accumulateGradient(
      slates,
      slates.map(() => [0.5, -0.5]),
      options,
    );
    await optimizer.step();
  };
  expect(await turnsDuring(train())).toBeGreaterThan(10);
  optimizer.dispose();
  model.dispose();
});
