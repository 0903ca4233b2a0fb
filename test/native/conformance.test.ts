import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { addonFunctions, check, readVectors } from '../../conformance/run.mjs';
import { loadAddon, packageRoot } from '../../src/native/loader.js';
import { nativeEnvironment } from '../helpers/sanitizers.js';
import { simtAddon, simtBinary } from '../helpers/simt-addon.js';

const python = ['/usr/bin/python3', 'python3'].find((path) => spawnSync(path, ['--version']).status === 0);

/** With an empty environment but for what is said: no PATH, so no Node. */
function runPython(args: string[], env = nativeEnvironment()) {
  const { status, stdout, stderr } = spawnSync(python!, args, { cwd: packageRoot, encoding: 'utf8', env });
  return { status, output: stdout + stderr };
}

describe('the conformance vectors', () => {
  it('pass through the addon', async () => {
    const queue = loadAddon().createQueue({ maximumPending: 8 });
    expect(await check(readVectors(), addonFunctions(queue))).toEqual([]);
    await queue.close();
  });

  it('pass through the kernels for a GPU, run on the host', async () => {
    const queue = simtAddon().createQueue({ maximumPending: 8, device: 'cuda' });
    expect(await check(readVectors(), addonFunctions(queue))).toEqual([]);
    await queue.close();
  });

  it('find what is wrong', async () => {
    const vector = readVectors()[0]!;
    const results = { log_probs: [-0.7], entropies: [Number.NaN], log_sum_exp: [] };
    const functions = { token_logprobs: () => ({ log_probs: [-0.6], entropies: [1], log_sum_exp: [1] }) };
    expect(await check([{ ...vector, results }], functions)).toHaveLength(3);
    expect(await check([{ ...vector, status: 'SHAPE', index: -1 }], functions)).toEqual([
      'token_logprobs: softmax 1/2, 1/4, 1/4: should be refused as SHAPE',
    ]);
  });
});

describe.runIf(python)('Python without Node', () => {
  it('writes the vectors that are here', () => {
    const numbers = (text: string) =>
      JSON.parse(text, (_, value) => (typeof value === 'number' ? Number(value.toPrecision(12)) : value));
    const { status, output } = runPython(['conformance/generate.py']);
    expect(status).toBe(0);
    expect(numbers(output)).toEqual(numbers(readFileSync(join(packageRoot, 'conformance/vectors.json'), 'utf8')));
  });

  it('passes the vectors', () => {
    expect(runPython(['-B', 'conformance/run.py'])).toEqual({
      status: 0,
      output: expect.stringMatching(/^\d{3} vectors .*: 0 failures\n$/),
    });
  });

  it('passes its own tests', () => {
    const { status, output } = runPython(['-B', 'test/python/test_pope_native.py']);
    expect(status, output).toBe(0);
  });

  // Preloaded, because ctypes binds all symbols of a library that it loads itself, and an addon's are Node's.
  it.runIf(process.platform === 'linux')('puts work on a GPU through tensors', () => {
    const env = { ...nativeEnvironment(simtBinary), POPE_SIMT: simtBinary };
    const { status, output } = runPython(['-B', 'test/python/test_pope_native.py', 'HostGpu'], env);
    expect(status, output).toBe(0);
    expect(output).toContain('Ran 3 tests');
  });
});
