/**
 * Question: what does drawing tokens cost, one sample or many of a prompt, with weights of f32 and of bf16, beside llama.cpp's
 * sampling with the same weights, and beside reading the weights once a step? Random weights of a Llama.
 * Run: node bench/generation.mjs [--quick] [--json]
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadModel } from 'pope-native/models';
import { openFloors } from './harness/floors.mjs';
import { expectClose, measure, quick, report } from './harness/measure.mjs';
import { importPeer } from './harness/optional.mjs';
import { tokenIds, writeRandomLlama } from './harness/random-llama.mjs';
import { threads } from './harness/threads.mjs';
import { writeGguf } from './peers/gguf.mjs';

const shape = quick
  ? { hidden: 256, layers: 8, heads: 8, keyValueHeads: 4, intermediate: 768, vocabulary: 16384 }
  : { hidden: 768, layers: 12, heads: 12, keyValueHeads: 4, intermediate: 2048, vocabulary: 32000 };
const [promptLength, maxTokens] = quick ? [32, 8] : [64, 32];

const floors = openFloors();
const peer = await importPeer('llama-cpp');
const folder = mkdtempSync(join(tmpdir(), 'pope-bench-'));
try {
  const written = await writeRandomLlama(folder, shape);
  const ids = [...tokenIds(promptLength, 1, shape.vocabulary)];
  const models = {
    f32: await loadModel(folder, { device: 'cpu' }),
    bf16: await loadModel(folder, { device: 'cpu', dtype: 'bf16', frozen: true }),
  };
  const peers = {};
  for (const dtype of peer === null ? [] : ['f32', 'bf16']) {
    const path = join(folder, `${dtype}.gguf`);
    writeGguf(path, written, dtype);
    peers[dtype] = await peer.openLlamaCpp(path, ids, threads);
  }

  const draw = (model, n) => model.generateBatch([{ ids }], { n, maxTokens, stop: [] });
  for (const [dtype, model] of Object.entries(models)) {
    const [[sample]] = await draw(model, 1);
    const [[{ sum }]] = await models.f32.scoreTokens([{ prompt: ids, responses: [sample.ids] }]);
    const tolerance = dtype === 'bf16' ? 0.05 : 1e-3;
    expectClose(
      `log-probability per token of a sample of ${dtype}`,
      [sample.logProb / maxTokens],
      [sum / maxTokens],
      tolerance,
    );
  }

  const parameters = [...written.tensors.values()].reduce((sum, { data }) => sum + data.length, 0);
  const floor = 'reading the weights once a step, f32';
  for (const n of [1, 8, 50]) {
    const alone = n === 1 ? peers : {};
    report(
      `${n} sample${n === 1 ? '' : 's'} of ${maxTokens} tokens after ${promptLength}, Llama of ${(parameters / 1e6).toFixed(1)}M parameters, ${threads} thread${threads === 1 ? '' : 's'}`,
      await measure(
        {
          'llama.cpp': alone.f32 && (() => alone.f32.generate(maxTokens)),
          'pope-native': () => draw(models.f32, n),
          'llama.cpp, weights of bf16': alone.bf16 && (() => alone.bf16.generate(maxTokens)),
          'pope-native, bf16': () => draw(models.bf16, n),
          [floor]: floors?.read(4 * parameters * maxTokens, threads),
        },
        { rounds: quick ? 3 : 5, floor },
      ),
    );
  }
  for (const model of Object.values(models)) model.dispose();
  for (const open of Object.values(peers)) await open.close();
} finally {
  rmSync(folder, { recursive: true, force: true });
  floors?.close();
}
