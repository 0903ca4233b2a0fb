import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { loadedAddon } from '../../../src/native/loader.js';

/** Runs in a process of its own, because the pool of a process keeps its size: prints a hash of what the ops wrote. */
const program = (path: string) => `
  const addon = require(${JSON.stringify(path)});
  addon.initialize((code, message) => new Error(code + ': ' + message));
  const hash = require('node:crypto').createHash('sha256');
  const wave = (Kind, n, scale, shift = 0) => Kind.from({ length: n }, (_, i) => shift + scale * Math.sin(i * i + 1));
  const run = (op, inputs, outputs, dims, scalars) => {
    addon.runSync(op, inputs, outputs, dims, scalars);
    for (const output of outputs) hash.update(new Uint8Array(output.buffer));
  };
  const f32 = (n) => new Float32Array(n), f64 = (n) => new Float64Array(n);

  const [rows, width, vocab, slates] = [300, 40, 1700, 500];
  const targets = Int32Array.from({ length: rows }, (_, i) => (i * 37) % vocab);
  const logits = wave(Float32Array, rows * vocab, 5);
  run('token_logprobs', [logits, targets], [f32(rows), f32(rows), f32(rows)], [rows, vocab, 0], []);
  run('token_logprobs_grad', [logits, targets, wave(Float32Array, rows, 1), wave(Float32Array, rows, 1)],
    [f32(rows * vocab)], [rows, vocab, 0], []);
  run('fused_head', [wave(Float32Array, rows * width, 1), wave(Float32Array, vocab * width, 1), targets],
    [f32(rows), f32(rows), f32(rows)], [rows, width, vocab], [0.7]);
  const head = [wave(Float32Array, rows * width, 1), wave(Float32Array, vocab * width, 1), targets];
  run('fused_head_backward', [...head, ...[3, 1, 1, 1].map((scale) => wave(Float32Array, rows, scale))],
    [f32(rows * width), wave(Float32Array, vocab * width, 1)], [rows, width, vocab], [0.7]);
  run('matmul_weight_gradient', [wave(Float32Array, rows * 1000, 1), wave(Float32Array, rows * width, 2)],
    [wave(Float32Array, 1000 * width, 1)], [rows, 1000, width, 1], []);
  run('embedding_backward', [targets.map((id) => id % 7), wave(Float32Array, rows * width, 1)], [f32(7 * width)],
    [rows, 7, width], []);
  run('layer_norm_backward', [wave(Float32Array, rows * 200, 1), wave(Float32Array, 200, 2), wave(Float32Array, rows * 200, 3)],
    [f32(rows * 200), f32(200), f32(200)], [rows, 200], [1e-5]);
  const rotated = () => wave(Float32Array, rows * width, 1);
  run('attention_backward', [rotated(), rotated(), rotated(), rotated(), rotated(),
    Int32Array.of(0, 50, 0, 0, 50, 120, 0, 50, 120, 200, 0, 50, 200, 300, 0, 0)],
    [f32(rows * width), f32(rows * width), f32(rows * width)], [rows, 5, 5, 8, 4], [0.3]);
  run('attention_decode', [rotated(), rotated(), rotated(), Int32Array.from({ length: 4 * rows }, (_, i) => [0, i / 5, 3, 290][i % 4])],
    [f32(rows * width)], [rows, 5, 5, 8, rows], [0.3]);
  const counters = Int32Array.from({ length: 3 * rows }, (_, i) => i);
  run('sample', [logits, counters], [new Int32Array(rows), f32(rows)], [rows, vocab, 40, 7], [0.8, 0.9]);
  run('squared_sum', [wave(Float32Array, 100000, 1), wave(Float32Array, 3, 1)], [f64(1)], [100000, 3], []);
  run('poisson_bootstrap', [wave(Float64Array, 10000, 1)], [f64(40)], [5000, 2, 20, 0, 3], []);
  const offsets = Int32Array.from({ length: slates + 1 }, (_, i) => 3 * i);
  const log = [wave(Float64Array, 3 * slates, 1, -2), wave(Float64Array, 3 * slates, 1.5, -2),
    wave(Float64Array, 3 * slates, 0.5, 0.5), null, offsets, null];
  for (const estimator of [0, 1, 2]) {
    run('slate_value', log, [f64(slates), f64(slates), f64(slates), f64(3 * slates), f64(3)],
      [slates, estimator, 1, 0, 0], [1, 1, 0]);
    run('slate_coefficients', [...log], [f64(3 * slates)], [slates, estimator, 1, 0, 0, 0], [1, 1, 0, 0]);
  }
  console.log(hash.digest('hex'));`;

it('bits do not depend on the number of threads', () => {
  const hashes = ['1', '2', '5'].map((threads) => {
    const script = program(loadedAddon().binary.path);
    const env = { ...process.env, POPE_THREADS: threads };
    const { stdout, stderr } = spawnSync(process.execPath, ['-e', script], { env, encoding: 'utf8' });
    expect(stderr).toBe('');
    expect(stdout).toMatch(/^[0-9a-f]{64}\n$/);
    return stdout;
  });
  expect(new Set(hashes).size).toBe(1);
});
