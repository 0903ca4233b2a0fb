/**
 * How a process comes by a GPU or by the reason why it has none. A binary over native/simt, whose GPU is always there,
 * stands for one that works.
 */
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { loadedAddon } from '../../src/native/loader.js';
import { LoaderFolder } from '../helpers/loader-folder.js';
import { simtBinary } from '../helpers/simt-addon.js';

const folder = new LoaderFolder();
afterAll(() => folder.dispose());
const local = 'build-cuda/Release/pope_cuda.node';
const open = 'cuda.loadCudaAddon().createQueue({ maximumPending: 1, device: "cuda" })';
const { path: cpuBinary } = loadedAddon().binary;

describe('without a binary for CUDA', () => {
  it('says so, with exit code 4 and what to type', () => {
    expect(folder.evaluate(open)).toEqual({
      name: 'UnavailableError',
      code: 'DEVICE_UNAVAILABLE',
      exitCode: 4,
      message: expect.stringMatching(/^device cuda is not available: there is no binary .* `npm run build:cuda`/),
    });
    expect(folder.evaluate('cuda.prefersCuda()')).toBe(false);
    const { cuda } = folder.evaluate('doctor.diagnose().devices');
    expect(cuda).toMatchObject({ available: false, binary: null, gpus: [], missingOps: [] });
    expect(cuda.rejected[0]).toEqual({ kind: 'local release', path: join(folder.path, local), reason: 'no such file' });
  });

  it('does not take a binary that has none of its kernels', () => {
    expect(folder.evaluate(open, { POPE_NATIVE_PATH: cpuBinary })).toMatchObject({
      code: 'DEVICE_UNAVAILABLE',
      message: expect.stringContaining(`${cpuBinary}: it has no CUDA kernels`),
    });
  });
});

describe('with a binary for CUDA', () => {
  afterEach(() => folder.remove(local));

  it('names one that cannot be loaded', () => {
    folder.place(local, 'not a binary');
    const { code, message } = folder.evaluate(open);
    expect(code).toBe('DEVICE_UNAVAILABLE');
    expect(message).toMatch(/no binary with CUDA kernels could be loaded \(.*pope_cuda\.node: .*\)/);
  });

  it('opens the device, and tells the doctor what it found', () => {
    folder.copy(simtBinary, local);
    expect(folder.evaluate(open)).toEqual({});
    const { cuda } = folder.evaluate('doctor.diagnose().devices');
    expect(cuda).toMatchObject({ available: true, reason: null, binary: { path: join(folder.path, local) } });
    expect(cuda.gpus).toEqual([expect.objectContaining({ name: 'host (SIMT)', computeCapability: '8.0' })]);
    expect(cuda.cublasLt).toBeNull();
    expect(cuda.cublasLtRejected).toHaveLength(1);
  });

  it('makes it the device `auto`, for no op lacks a kernel', () => {
    folder.copy(simtBinary, local);
    expect(folder.evaluate('cuda.cudaState()')).toMatchObject({ missingOps: [] });
    expect(folder.evaluate('cuda.prefersCuda()')).toBe(true);
  });

  it('loads nothing on import', () => {
    folder.copy(simtBinary, local);
    const loaded = 'process.report.getReport().sharedObjects.filter((path) => path.includes("pope_"))';
    expect(folder.evaluate(loaded)).toEqual([]);
  });
});
