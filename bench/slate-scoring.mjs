/**
 * Question: what does packing a slate (its responses share one pass over the prompt) gain over scoring every response with
 * its own prompt? Random weights of a small Llama. Run: node bench/slate-scoring.mjs [--json]
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadModel, writeSafetensors } from 'pope-native/models';
import { expectClose, measure, report } from './harness/measure.mjs';

const shape = { hidden: 256, layers: 4, heads: 8, keyValueHeads: 4, intermediate: 704, vocabulary: 4096 };

/** A Hugging Face folder with weights from a fixed linear congruential sequence. */
async function writeModel(folder) {
  const { hidden, layers, heads, keyValueHeads, intermediate, vocabulary } = shape;
  let state = 1;
  const uniform = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32 - 0.5;
  };
  const matrix = (rows, columns) => {
    const data = Float32Array.from({ length: rows * columns }, () => uniform() * (3.4 / Math.sqrt(columns)));
    return { dtype: 'F32', shape: [rows, columns], data };
  };
  const ones = (size) => ({ dtype: 'F32', shape: [size], data: new Float32Array(size).fill(1) });
  const tensors = new Map([
    ['model.embed_tokens.weight', matrix(vocabulary, hidden)],
    ['model.norm.weight', ones(hidden)],
  ]);
  const keyWidth = (hidden / heads) * keyValueHeads;
  for (let i = 0; i < layers; i++) {
    const set = (name, tensor) => tensors.set(`model.layers.${i}.${name}.weight`, tensor);
    set('input_layernorm', ones(hidden));
    set('post_attention_layernorm', ones(hidden));
    set('self_attn.q_proj', matrix(hidden, hidden));
    set('self_attn.k_proj', matrix(keyWidth, hidden));
    set('self_attn.v_proj', matrix(keyWidth, hidden));
    set('self_attn.o_proj', matrix(hidden, hidden));
    set('mlp.gate_proj', matrix(intermediate, hidden));
    set('mlp.up_proj', matrix(intermediate, hidden));
    set('mlp.down_proj', matrix(hidden, intermediate));
  }
  await writeSafetensors(join(folder, 'model.safetensors'), tensors);
  const config = {
    model_type: 'llama',
    hidden_size: hidden,
    num_hidden_layers: layers,
    num_attention_heads: heads,
    num_key_value_heads: keyValueHeads,
    intermediate_size: intermediate,
    vocab_size: vocabulary,
    max_position_embeddings: 2048,
    rms_norm_eps: 1e-5,
    rope_theta: 10000,
    hidden_act: 'silu',
    tie_word_embeddings: true,
  };
  writeFileSync(join(folder, 'config.json'), JSON.stringify(config));
}

const folder = mkdtempSync(join(tmpdir(), 'pope-bench-'));
try {
  await writeModel(folder);
  const model = await loadModel(folder, { device: 'cpu' });
  const ids = (length, seed) =>
    Int32Array.from({ length }, (_, i) => (i * 7919 + seed * 104729 + 3) % shape.vocabulary);
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
