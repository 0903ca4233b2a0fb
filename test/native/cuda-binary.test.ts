/**
 * The binary for GPUs, where `npm run build:cuda` has made it; elsewhere these tests are skipped. What needs a GPU is in
 * bench/gpu.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadBinary, packageRoot } from '../../src/native/loader.js';
import { checkOp } from '../helpers/check-op.js';

const binary = join(packageRoot, 'build-cuda', 'Release', 'pope_cuda.node');
const built = existsSync(binary);
if (!built) console.warn('The CUDA binary is not tested: `npm run build:cuda` has not made it.');

/** In a process of its own, where no GPU is visible. */
function withoutGpu(program: string): string {
  const { stdout, stderr, status } = spawnSync(process.execPath, ['-e', program], {
    encoding: 'utf8',
    env: { ...process.env, CUDA_VISIBLE_DEVICES: '-1', POPE_NATIVE_PATH: binary },
  });
  expect(status, stderr).toBe(0);
  return stdout.trim();
}

describe.runIf(built)('the binary with CUDA kernels', () => {
  it('works as the one for the CPU', () => {
    const { share } = checkOp(
      'add',
      {
        inputs: [
          [1, 2, 3],
          [4, 5, 6],
        ],
        outputs: [3],
        dims: [3],
      },
      loadBinary(binary),
    );
    expect(share).toBeLessThanOrEqual(1);
  });

  it('is imported and asked for a GPU in under 100 ms of processor time', () => {
    const milliseconds = withoutGpu(`
      const before = process.cpuUsage();
      const addon = require(${JSON.stringify(binary)});
      addon.initialize((code, message) => Object.assign(new Error(message), { code }));
      if (addon.probeCuda(false).reason === null) throw new Error('a GPU is visible');
      const { user, system } = process.cpuUsage(before);
      console.log((user + system) / 1000);`);
    expect(Number(milliseconds)).toBeLessThan(100);
  });

  it('tells the doctor why it has no GPU', () => {
    const main = join(packageRoot, 'dist', 'cli', 'main.js');
    const { status, stdout } = spawnSync(process.execPath, [main, 'doctor', '--json'], {
      encoding: 'utf8',
      env: { ...process.env, CUDA_VISIBLE_DEVICES: '-1', POPE_NATIVE_PATH: binary },
    });
    expect(status).toBe(0);
    const { cuda } = JSON.parse(stdout).devices;
    expect(cuda).toMatchObject({ available: false, binary: { path: binary }, gpus: [] });
    expect(cuda.reason).toMatch(/no NVIDIA driver was found|driver is too old|shows no GPU/);
    expect(cuda.runtime).toMatch(/^\d+\.\d+$/);
  });
});
