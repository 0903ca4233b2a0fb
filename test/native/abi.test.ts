import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadedAddon } from '../../src/native/loader.js';
import { abiLibrary } from '../helpers/abi-library.js';
import { nativeEnvironment, skipSanitized } from '../helpers/sanitizers.js';
import { simtBinary } from '../helpers/simt-addon.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
const compiler = process.env.CC ?? 'cc';
const canCompile = process.platform !== 'win32' && spawnSync(compiler, ['--version']).status === 0;

/** Runs programs as a processor without the newer instruction sets would. */
const emulator = 'qemu-x86_64';
const canEmulate =
  process.platform === 'linux' && process.arch === 'x64' && spawnSync(emulator, ['--version']).status === 0;

describe.skipIf(!canCompile)('the C ABI', () => {
  const folder = mkdtempSync(join(tmpdir(), 'pope-abi-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  beforeAll(() => {
    for (const name of ['abi_test', 'layout']) {
      const source = join(root, 'test/native/abi', `${name}.c`);
      const flags = ['-std=c11', '-Wall', '-Wextra', '-Werror', `-I${join(root, 'native/include')}`];
      const libraries = ['-ldl', '-lm', '-lpthread'];
      const build = spawnSync(compiler, [...flags, source, '-o', join(folder, name), ...libraries], {
        encoding: 'utf8',
      });
      expect(build.stderr).toBe('');
    }
  });

  /** With an empty environment: the library needs nothing of it. */
  function runProgram(name: string, parameters: string[] = []) {
    return spawnSync(join(folder, name), parameters, { encoding: 'utf8', env: nativeEnvironment() });
  }

  it.each([
    ['in the plain library', () => [abiLibrary]],
    ['in the addon', () => [loadedAddon().binary.path]],
    ['with kernels for a GPU, run on the host', () => [simtBinary, 'cuda']],
  ])('works for a C program without Node %s', (_, parameters) => {
    const run = runProgram('abi_test', parameters());
    expect({ status: run.status, output: run.stdout + run.stderr }).toEqual({ status: 0, output: '' });
  });

  // Skipped where there is no qemu-user. Naming the tier makes the library fail where it could not run there.
  it.skipIf(!canEmulate || skipSanitized('qemu, whose memory they would fill')).each([
    ['Nehalem', 'baseline', 0],
    ['Nehalem', 'avx2', 1],
    ['Haswell', 'avx2', 0],
    ['Haswell', 'avx512', 1],
  ])('on a %s runs its %s kernels: status %i', (cpu, tier, status) => {
    const program = [join(folder, 'abi_test'), abiLibrary];
    const run = spawnSync(emulator, ['-cpu', cpu, ...program], { encoding: 'utf8', env: { POPE_SIMD: tier } });
    expect({ status: run.status, signal: run.signal }, run.stderr).toEqual({ status, signal: null });
  });

  it('has the layout of version 1', () => {
    const golden = readFileSync(join(root, 'test/native/abi/layout.txt'), 'utf8');
    expect(runProgram('layout').stdout).toBe(golden);
    const header = readFileSync(join(root, 'native/include/pope.h'), 'utf8');
    const fields = [...header.matchAll(/struct pope_(\w+) \{(.*?)\n\};/gs)].flatMap(([, name, body]) =>
      [...body!.replaceAll(/\/\*.*?\*\//gs, '').matchAll(/(\w+)\s*[;,]/g)].map(([, field]) => `${name}.${field}`),
    );
    const listed = golden.split('\n').filter((line) => line.includes('.'));
    expect(listed.map((line) => line.split(' ')[0])).toEqual(fields);
  });
});

describe.runIf(process.platform === 'linux')('the plain shared library', () => {
  const symbols = (...flags: string[]) =>
    spawnSync('nm', ['-D', ...flags, abiLibrary], { encoding: 'utf8' })
      .stdout.trim()
      .split('\n')
      .map((line) => line.trim().split(/\s+/).at(-1)!);

  it('exports the functions of pope.h and nothing else', () => {
    const header = readFileSync(join(root, 'native/include/pope.h'), 'utf8');
    const declared = [...header.matchAll(/^POPE_EXPORT .*?(pope_\w+)\(/gm)].map((match) => match[1]!);
    expect(symbols('--defined-only').toSorted()).toEqual(declared.toSorted());
  });

  it.skipIf(skipSanitized('the needs of the plain library, with their own'))('needs no Node and no C++ library', () => {
    expect(symbols('--undefined-only').filter((name) => /napi|^_ZN?S|uv_/.test(name))).toEqual([]);
  });
});
