import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadedAddon } from '../../src/native/loader.js';
import { simtBinary } from '../helpers/simt-addon.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
const compiler = process.env.CC ?? 'cc';
const canCompile = process.platform !== 'win32' && spawnSync(compiler, ['--version']).status === 0;

describe.skipIf(!canCompile)('the C ABI', () => {
  const folder = mkdtempSync(join(tmpdir(), 'pope-abi-'));
  const program = join(folder, 'abi_test');
  afterAll(() => rmSync(folder, { recursive: true }));

  beforeAll(() => {
    const source = join(root, 'test/native/abi/abi_test.c');
    const flags = ['-std=c11', '-Wall', '-Wextra', '-Werror', `-I${join(root, 'native/include')}`];
    const build = spawnSync(compiler, [...flags, source, '-o', program, '-ldl', '-lm', '-lpthread'], {
      encoding: 'utf8',
    });
    expect(build.stderr).toBe('');
  });

  it.each([
    ['on a CPU', () => [loadedAddon().binary.path]],
    ['with kernels for a GPU, run on the host', () => [simtBinary, 'cuda']],
  ])('works for a C program without Node %s', (_, parameters) => {
    const run = spawnSync(program, parameters(), { encoding: 'utf8' });
    expect({ status: run.status, output: run.stdout + run.stderr }).toEqual({ status: 0, output: '' });
  });
});
