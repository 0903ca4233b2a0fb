/** Every copy of the tiered kernels, not only the one that this machine would choose. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { loadAddon, loadedAddon } from '../../../src/native/loader.js';
import { inChild } from '../../helpers/native-child.js';
import { skipSanitized } from '../../helpers/sanitizers.js';

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, '..', '..', '..');
const { simd, simdCompiled } = loadAddon().info();
const runnable = simdCompiled.slice(0, simdCompiled.indexOf(simd) + 1);

/** Rooms that run code under "tiered" in native/sources.json. */
const rooms = [
  'activation',
  'attention',
  'bootstrap',
  'elementwise',
  'estimates',
  'fused-head',
  'matmul',
  'norm',
  'optimizer',
  'token-logprobs',
  'decode',
  'sample',
];
const tests = [
  ...rooms,
  'activation-backward',
  'attention-backward',
  'fused-head-backward',
  'matmul-backward',
  'narrow',
  'norm-backward',
  'rounded-results',
];
/** A tier for the products of bf16 has nothing else of its own. */
const testsOf = (tier: string) =>
  tests
    .filter((test) => !tier.endsWith('bf16') || /^(attention|fused-head|matmul)/.test(test))
    .map((test) => join('test/native/kernels', `${test}.test.ts`));

describe.runIf(process.env.POPE_SIMD === undefined)('the tests of the tiered kernels', () => {
  it.each(runnable)('pass on %s', (tier) => {
    const { status, signal, stdout, stderr } = spawnSync(
      process.execPath,
      [join(root, 'node_modules', 'vitest', 'vitest.mjs'), 'run', '--no-isolate', '--maxWorkers=1', ...testsOf(tier)],
      { cwd: root, env: { ...process.env, POPE_SIMD: tier, POPE_BLAS: 'off' }, encoding: 'utf8' },
    );
    expect({ status, signal }, stdout + stderr).toEqual({ status: 0, signal: null });
  });
});

describe('results', () => {
  const digest = `
    const { createHash } = require('node:crypto');
    const wave = (count, seed) => Float32Array.from({ length: count }, (_, i) => Math.sin(i * 0.37 + seed));
    const hash = createHash('sha256');
    const run = (op, inputs, sizes, dims, scalars = []) => {
      const outputs = [sizes].flat().map((size) => new Float32Array(size));
      addon.runSync(op, inputs, outputs, dims, scalars);
      for (const output of outputs) hash.update(output);
    };
    run('matmul', [wave(601 * 300, 1), wave(203 * 300, 2), null], 601 * 203, [601, 203, 300, 1]);
    run('attention', [wave(300 * 96, 3), wave(300 * 48, 4), wave(300 * 48, 5), Int32Array.of(0, 150, 0, 0, 150, 300, 0, 150)],
      300 * 96, [300, 4, 2, 24, 2], [0.2]);
    const bf16 = (count, seed) => Uint16Array.from(new Uint32Array(wave(count, seed).buffer), (word) => word >>> 16);
    run('matmul', [bf16(601 * 301, 1), bf16(203 * 301, 2), null], 601 * 203, [601, 203, 301, 1, 2]);
    run('matmul', [bf16(5 * 301, 1), bf16(1203 * 301, 2), null], 5 * 1203, [5, 1203, 301, 0, 2]);
    run('rms_norm', [wave(90 * 77, 6), wave(77, 7)], 90 * 77, [90, 77], [1e-6]);
    run('layer_norm', [wave(90 * 77, 6), wave(77, 7), wave(77, 8)], 90 * 77, [90, 77], [1e-6]);
    run('layer_norm_backward', [wave(90 * 77, 6), wave(77, 7), wave(90 * 77, 8)], [90 * 77, 77, 77], [90, 77], [1e-6]);
    run('swiglu', [wave(40001, 9), wave(40001, 10)], 40001, [40001]);
    run('gelu', [wave(40001, 9)], 40001, [40001, 0]);
    return hash.digest('hex');`;

  it.each(runnable)('on %s do not depend on the number of threads', (tier) => {
    const run = (threads: string) =>
      inChild({ POPE_SIMD: tier, POPE_THREADS: threads, POPE_BLAS: 'off' }, digest) as string;
    const one = run('1');
    expect(one).toMatch(/^[0-9a-f]{64}$/);
    expect([run('2'), run('5')]).toEqual([one, one]);
  });
});

/** What the tiers differ in is how many numbers they add at once; resampled sums say in which order numbers are added. */
describe('resampled sums', () => {
  const digest = `
    const { createHash } = require('node:crypto');
    const x = Float64Array.from({ length: 3 * 5003 }, (_, i) => Math.exp(5 * Math.sin(i * i)));
    const out = new Float64Array(3 * 40);
    addon.runSync('poisson_bootstrap', [x], [out], [5003, 3, 40, 7, 2 ** 40 + 1], []);
    return createHash('sha256').update(out).digest('hex');`;

  it('are the same bits on every instruction set, by any number of threads', () => {
    const results = runnable.flatMap((tier) =>
      ['1', '3'].map((threads) => inChild({ POPE_SIMD: tier, POPE_THREADS: threads }, digest)),
    );
    expect(new Set(results)).toHaveLength(1);
    expect(results[0]).toMatch(/^[0-9a-f]{64}$/);
  });
});

/** A weak symbol in a tiered object is an inline function that the linker merges with copies for lesser machines. */
describe('tiered objects', () => {
  const build = dirname(loadedAddon().binary.path);
  const objects = runnable.flatMap((tier) => {
    const folder = join(build, 'obj.target', `tier_${tier}`);
    if (!existsSync(folder)) return [];
    const names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
    return names.filter((name) => name.endsWith('.o')).map((name) => join(folder, name));
  });
  const hasNm = spawnSync('nm', ['--version']).status === 0;
  const isSkipped =
    !hasNm || objects.length === 0 || skipSanitized("weak symbols, for they refer to C++'s exceptions by one");

  it.skipIf(isSkipped)('define no weak symbol', () => {
    const weak = objects.flatMap((object) =>
      execFileSync('nm', [object], { encoding: 'utf8' })
        .split('\n')
        .filter((line) => / [WVu] /.test(line))
        .map((line) => `${object}: ${line}`),
    );
    expect(weak).toEqual([]);
  });
});
