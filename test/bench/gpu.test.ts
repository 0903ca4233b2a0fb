/** The benchmarks of GPUs are run by hand, and seldom: here only that they keep up with what they measure. */
import { spawn, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { packageRoot } from '../../src/native/loader.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';

const folder = join(packageRoot, 'bench', 'gpu');
const compiler = process.env.CXX ?? 'g++';
const canCompile = spawnSync(compiler, ['--version']).status === 0;

/** What a program says on its error stream, and how it ends. */
function run(program: string, args: string[]): Promise<{ status: number | null; stderr: string }> {
  const child = spawn(program, args, { cwd: packageRoot, stdio: ['ignore', 'ignore', 'pipe'] });
  let stderr = '';
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status) => resolve({ status, stderr }));
  });
}

describe('bench/gpu', () => {
  const sources = readdirSync(folder).filter((name) => name.endsWith('.cpp'));

  it.runIf(canCompile).each(sources)('%s is C++ that fits the kernels', async (name) => {
    const defines = ['-DPOPE_WITH_CUDA', '-DPOPE_SIMT'];
    const includes = ['native', 'native/include', 'bench/gpu', 'bench/gpu/host'].map((each) => `-I${each}`);
    const flags = ['-fsyntax-only', '-std=c++20', '-Wno-unknown-pragmas', ...defines, ...includes];
    const { status, stderr } = await run(compiler, [...flags, join(folder, name)]);
    expect(status, stderr).toBe(0);
  });

  it('compiles the kernels for every processor that the addon is compiled for', () => {
    const cmake = readFileSync(join(packageRoot, 'CMakeLists.txt'), 'utf8');
    const tiers = [...cmake.matchAll(/^ *pope_tier\((\w+) "/gm)].map(([, tier]) => tier);
    const script = readFileSync(join(folder, 'run.sh'), 'utf8');
    expect(/for isa in ([\w ]+);/.exec(script)![1]!.split(' ')).toEqual(tiers);
  });

  it('scores, generates and trains with whole models', async () => {
    const file = join(temporaryFolder(), 'models.json');
    const args = [join(folder, 'models.mjs'), '--quick', '--device', 'cpu', '--out', file];
    const { status, stderr } = await run(process.execPath, args);
    expect(status, stderr).toBe(0);
    const { times } = JSON.parse(readFileSync(file, 'utf8'));
    expect(times).toHaveLength(9);
    for (const { tokensPerSecond, parameters } of times) {
      expect(tokensPerSecond).toBeGreaterThan(0);
      expect(parameters).toBe(106816);
    }
  });
});
