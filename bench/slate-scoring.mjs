/**
 * Question: what does packing a slate (its responses share one pass over the prompt) gain over scoring every response with
 * its own prompt? Random weights of a small Llama. Run: node bench/slate-scoring.mjs [--json]
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadModel } from 'pope-native/models';
import { expectClose, measure, report } from './harness/measure.mjs';
import { tokenIds, writeRandomLlama } from './harness/random-llama.mjs';

const shape = { hidden: 256, layers: 4, heads: 8, keyValueHeads: 4, intermediate: 704, vocabulary: 4096 };

const folder = mkdtempSync(join(tmpdir(), 'pope-bench-'));
try {
  await writeRandomLlama(folder, shape);
  const model = await loadModel(folder, { device: 'cpu' });
  const ids = (length, seed) => tokenIds(length, seed, shape.vocabulary);
  for (const [prompt, responses, tokens] of [
    [512, 16, 64],
    [64, 4, 64],
  ]) {
    const slate = {
      prompt: ids(prompt, 0),
      responses: Array.from({ length: responses }, (_, k) => ids(tokens, k + 1)),
    };
    const score = (packed) => model.scoreTokens([slate], { entropy: true, packed });
    const sums = (scored) => scored[0].map(({ mean }) => mean);
    expectClose('packed means', sums(await score(true)), sums(await score(false)), 1e-4);
    const rounds = await measure({ unpacked: () => score(false), packed: () => score(true) }, { rounds: 5 });
    const ideal = (responses * (prompt + tokens)) / (prompt + responses * tokens);
    report(
      `slate of ${responses} x ${tokens} tokens, prompt ${prompt}: rows unpacked / packed = ${ideal.toFixed(2)}`,
      rounds,
    );
  }
  model.dispose();
} finally {
  rmSync(folder, { recursive: true, force: true });
}
