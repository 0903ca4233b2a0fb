/**
 * Question: what does a step of training cost (forward, backward, AdamW), beside the same model in torch, eager and compiled, and
 * beside the multiply-adds that it takes? A Llama of about 10 million parameters with random weights; in f32, and with products of
 * bf16, which torch calls autocast.
 * Run: node bench/training-step.mjs [--quick] [--json]
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { adamW } from 'pope-native/align';
import { loadModel } from 'pope-native/models';
import { openFloors } from './harness/floors.mjs';
import { expectClose, measure, quick, report } from './harness/measure.mjs';
import { openPython } from './harness/python.mjs';
import { tokenIds, writeRandomLlama } from './harness/random-llama.mjs';
import { threads } from './harness/threads.mjs';

const shape = { hidden: 256, layers: 8, heads: 8, keyValueHeads: 4, intermediate: 768, vocabulary: 16384 };
const [sequences, prompt, response] = quick ? [2, 64, 64] : [8, 64, 192];
const lr = 1e-3;
const checkedSteps = 3;

const folder = mkdtempSync(join(tmpdir(), 'pope-bench-'));
const floors = openFloors();
const torch = await openPython('torch', threads);
/** torch_llama.py's ways to take a step. */
const peers = torch === null ? [] : ['eager', 'compiled', 'eager_bf16', 'compiled_bf16'];
try {
  await writeRandomLlama(folder, shape);
  const ids = Array.from({ length: sequences }, (_, i) => tokenIds(prompt + response, i, shape.vocabulary));
  writeFileSync(join(folder, 'batch.json'), JSON.stringify({ ids: ids.map((each) => [...each]), prompt }));
  const slates = ids.map((each) => ({ prompt: each.subarray(0, prompt), responses: [each.subarray(prompt)] }));
  const coefficients = slates.map(() => [1 / sequences]);
  const open = async (dtype) => {
    const model = await loadModel(folder, { device: 'cpu', dtype });
    const optimizer = adamW(model, { lr });
    return {
      model,
      step: async () => {
        await model.accumulateGradient(slates, coefficients);
        await optimizer.step();
      },
      loss: async () => {
        const scores = await model.scoreTokens(slates);
        return -scores.reduce((sum, [{ mean }]) => sum + mean, 0) / sequences;
      },
      close: () => {
        optimizer.dispose();
        model.dispose();
      },
    };
  };
  const exact = await open('f32');
  const rounded = await open('bf16');

  for (let done = 0; done <= checkedSteps; done++) {
    const own = await exact.loss();
    expectClose(`loss after ${done} steps of bf16`, [await rounded.loss()], [own], 0.02);
    for (const how of peers) {
      const loss = Number(await torch.ask('training_loss', folder, how));
      expectClose(`loss after ${done} steps of torch, ${how}`, [loss], [own], how.endsWith('bf16') ? 0.02 : 1e-4);
      if (done < checkedSteps) await torch.ask('training_step', folder, how);
    }
    if (done < checkedSteps) for (const { step } of [exact, rounded]) await step();
  }

  const tokens = sequences * (prompt + response);
  const parameters = [...exact.model.trained.tensors.values()].reduce((sum, { size }) => sum + size, 0);
  const embedding = shape.vocabulary * shape.hidden;
  // Two for the forward pass, four for the backward pass; the head where a response is predicted; attention left out.
  const flops = 6 * ((parameters - embedding) * tokens + embedding * sequences * response);
  const floor = 'multiply-adds of the products';
  const candidates = peers.map((how) => [
    `torch, ${how.replace('_', ', ')}`,
    torch.candidate('training_step', folder, how),
  ]);
  report(
    `training step of ${(parameters / 1e6).toFixed(1)}M parameters on ${sequences} x ${prompt + response} tokens, ${threads} thread${threads === 1 ? '' : 's'}`,
    await measure(
      {
        ...Object.fromEntries(candidates),
        'pope-native': exact.step,
        'pope-native, bf16': rounded.step,
        [floor]: floors?.multiplyAdd(flops, threads),
      },
      { rounds: quick ? 3 : 5, floor },
    ),
  );
  for (const { close } of [exact, rounded]) close();
} finally {
  rmSync(folder, { recursive: true, force: true });
  torch?.close();
  floors?.close();
}
