import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { loadedAddon } from '../../src/native/loader.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
const compiler = process.env.CC ?? 'cc';
const canCompile = process.platform !== 'win32' && spawnSync(compiler, ['--version']).status === 0;

it.skipIf(!canCompile)('the C ABI works for a C program without Node', () => {
  const folder = mkdtempSync(join(tmpdir(), 'pope-abi-'));
  try {
    const program = join(folder, 'abi_test');
    const source = join(root, 'test/native/abi/abi_test.c');
    const flags = ['-std=c11', '-Wall', '-Wextra', '-Werror', `-I${join(root, 'native/include')}`];
    const build = spawnSync(compiler, [...flags, source, '-o', program, '-ldl', '-lm', '-lpthread'], {
      encoding: 'utf8',
    });
    expect(build.stderr).toBe('');
    const run = spawnSync(program, [loadedAddon().binary.path], { encoding: 'utf8' });
    expect({ status: run.status, output: run.stdout + run.stderr }).toEqual({ status: 0, output: '' });
  } finally {
    rmSync(folder, { recursive: true });
  }
});
