/**
 * Question: what does scoring a text cost (log-probabilities of all its tokens, in f32 and by products of bf16), beside llama.cpp's evaluation of the same
 * tokens as a prompt, with the same weights, and beside the multiply-adds that it takes? Random weights of two shapes of Llama.
 * Run: node bench/text-scoring.mjs [--quick] [--json]
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

const small = { hidden: 256, layers: 8, heads: 8, keyValueHeads: 4, intermediate: 768, vocabulary: 16384 };
const large = { hidden: 768, layers: 12, heads: 12, keyValueHeads: 4, intermediate: 2048, vocabulary: 32000 };
const length = quick ? 128 : 512;

const floors = openFloors();
const peer = await importPeer('llama-cpp');
for (const shape of quick ? [small] : [small, large]) {
  const folder = mkdtempSync(join(tmpdir(), 'pope-bench-'));
  try {
    const written = await writeRandomLlama(folder, shape);
    const model = await loadModel(folder, { device: 'cpu' });
    const rounded = await loadModel(folder, { device: 'cpu', dtype: 'bf16', frozen: true });
    const ids = [...tokenIds(length, 1, shape.vocabulary)];
    const slate = { prompt: ids.slice(0, 1), responses: [ids.slice(1)] };
    const score = (entropy, by = model) => by.scoreTokens([slate], { entropy });

    const openPeer = async (dtype) => {
      const path = join(folder, `${dtype}.gguf`);
      if (peer !== null) writeGguf(path, written, dtype);
      return await peer?.openLlamaCpp(path, ids, threads);
    };
    const llama = await openPeer('f32');
    const roundedLlama = await openPeer('bf16');
    const [[{ logProbs }]] = await score(false);
    expectClose('log-probabilities of bf16', (await score(false, rounded))[0][0].logProbs, logProbs, 0.25);
    if (llama) expectClose("llama.cpp's log-probabilities in f32", await llama.exactLogProbs(), logProbs, 2e-4);
    if (llama) expectClose("llama.cpp's log-probabilities", await llama.logProbs(), logProbs, 1e-2);

    const parameters = [...written.tensors.values()].reduce((sum, { data }) => sum + data.length, 0);
    const attention = 4 * shape.layers * shape.hidden * (length / 2); // a token's two products with those before it
    const floor = 'multiply-adds of the products';
    report(
      `log-probabilities of ${length} tokens, Llama of ${(parameters / 1e6).toFixed(1)}M parameters, ${threads} thread${threads === 1 ? '' : 's'}`,
      await measure(
        {
          'llama.cpp: prompt, no logits': llama?.prompt,
          'llama.cpp: logits of every token': llama?.logits,
          'node-llama-cpp: log-probabilities': llama?.logProbs,
          'pope-native: log-probabilities': () => score(false),
          'pope-native: and entropies': () => score(true),
          'llama.cpp, weights of bf16: prompt, no logits': roundedLlama?.prompt,
          'llama.cpp, weights of bf16: logits of every token': roundedLlama?.logits,
          'pope-native, bf16: log-probabilities': () => score(false, rounded),
          'pope-native, bf16: and entropies': () => score(true, rounded),
          [floor]: floors?.multiplyAdd((2 * parameters + attention) * length, threads),
        },
        { rounds: quick ? 3 : 5, floor },
      ),
    );
    model.dispose();
    rounded.dispose();
    await llama?.close();
    await roundedLlama?.close();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
floors?.close();
