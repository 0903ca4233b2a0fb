import { describe, expect, it } from 'vitest';
import type { NativeInfo } from '../../../src/native/addon.js';
import { inChild, type NativeEnvironment } from '../../helpers/native-child.js';
import { expectClose } from '../../helpers/tolerance.js';

const info = (environment: NativeEnvironment) => inChild(environment, 'return addon.info();') as NativeInfo;

/** A product large enough for a BLAS, with sizes that none of its tiles divide. */
const product = (transposed: boolean) => `
  const [m, n, k] = [263, 401, 677];
  const wave = (count, seed) => Float32Array.from({ length: count }, (_, i) => Math.sin(i * 0.37 + seed));
  const c = new Float32Array(m * n);
  addon.runSync('matmul', [wave(m * k, 1), wave(n * k, 2), wave(n, 3)], [c], [m, n, k, ${Number(transposed)}], []);
  return [...c];`;

/** The gradient of a weight, added to what is there, of the same sizes: m is summed over. */
const weightGradient = (transposed: boolean) => `
  const [m, n, k] = [677, 263, 401];
  const wave = (count, seed) => Float32Array.from({ length: count }, (_, i) => Math.sin(i * 0.37 + seed));
  const dw = wave(n * k, 3);
  addon.runSync('matmul_weight_gradient', [wave(m * n, 1), wave(m * k, 2)], [dw], [m, n, k, ${Number(transposed)}], []);
  return [...dw];`;

/** Without the variable, so that the search itself chooses the kernels of an OpenBLAS. */
const auto: NativeEnvironment = { POPE_BLAS: 'auto', OPENBLAS_CORETYPE: undefined };
const { blas, blasRejected } = info(auto);
/** Where our own kernels are preferred to a library, it has to be demanded. */
const library = blas?.library ?? blasRejected.find(({ reason }) => reason.includes('our own kernels'))?.library;
const demanded: NativeEnvironment = { ...auto, POPE_BLAS: library ?? 'auto' };

describe('the search for a BLAS', () => {
  it('takes a library or says of every candidate why not', () => {
    expect(blas === null ? blasRejected.length : 1).toBeGreaterThan(0);
    for (const { library, reason } of blasRejected) {
      expect(library).not.toBe('');
      expect(reason).not.toBe('');
    }
  });

  it('can be switched off', () => {
    const { blas, blasRejected } = info({ POPE_BLAS: 'off' });
    expect(blas).toBeNull();
    expect(blasRejected).toEqual([{ library: 'any', reason: 'POPE_BLAS=off' }]);
  });

  it('refuses to multiply when the demanded library is absent, and names it', () => {
    const path = '/nowhere/libblas.so';
    expect(info({ POPE_BLAS: path })).toMatchObject({ blas: null, blasRejected: [{ library: path }] });
    expect(inChild({ POPE_BLAS: path }, product(true))).toMatchObject({
      error: { code: 'UNSUPPORTED', message: expect.stringContaining(`POPE_BLAS=${path} cannot be used: `) },
    });
  });

  it.runIf(process.platform === 'linux')('refuses a library without the function', () => {
    expect(info({ POPE_BLAS: 'libm.so.6' }).blasRejected).toEqual([
      { library: 'libm.so.6', reason: 'has no function cblas_sgemm' },
    ]);
  });

  it('leaves the environment as it was', () => {
    const variables = inChild(
      auto,
      'addon.info(); return [process.env.OPENBLAS_CORETYPE, process.env.OPENBLAS_NUM_THREADS];',
    );
    expect(variables).toEqual([null, process.env.OPENBLAS_NUM_THREADS ?? null]);
  });
});

describe.skipIf(library === undefined)(`products by ${library}`, () => {
  it.each([
    ['matmul', true, product(true)],
    ['matmul', false, product(false)],
    ['matmul_weight_gradient', true, weightGradient(true)],
    ['matmul_weight_gradient', false, weightGradient(false)],
  ])('agree with our own kernel in %s, transposed %s', (_, __, program) => {
    const theirs = inChild(demanded, program) as number[];
    const ours = inChild({ POPE_BLAS: 'off' }, program) as number[];
    expectClose(theirs, ours, { atol: 1e-4, rtol: 1e-5 }); // sums of 677 products of up to 1
  });

  it('do not depend on the number of threads', () => {
    const one = inChild({ ...demanded, POPE_THREADS: '1' }, product(true));
    expect(inChild({ ...demanded, POPE_THREADS: '3' }, product(true))).toEqual(one);
  });
});
