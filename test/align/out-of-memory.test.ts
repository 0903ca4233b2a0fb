/** A process that runs out of memory says who asked for how much and what helps, and goes on. */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { SafetensorsFile } from '../../src/models/safetensors.js';
import { type WritableTensor, writeSafetensors } from '../../src/models/safetensors-writer.js';
import { finished, startNode } from '../cli/run-cli.js';
import { randomNumbers } from '../helpers/check-op.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';
import { tinyModel } from '../helpers/tiny-model.js';

const child = fileURLToPath(new URL('out-of-memory.child.mjs', import.meta.url));
const folder = temporaryFolder();
/** So wide that memory goes into a few activations, and not into JavaScript objects. */
const INTERMEDIATE = 32768;

/** The tiny model with one block and a wide MLP. */
async function wideModel(): Promise<string> {
  const model = await tinyModel();
  const config = JSON.parse(readFileSync(join(model, 'config.json'), 'utf8'));
  writeFileSync(
    join(model, 'config.json'),
    JSON.stringify({ ...config, num_hidden_layers: 1, intermediate_size: INTERMEDIATE }),
  );
  const path = join(model, 'model.safetensors');
  const file = await SafetensorsFile.open(path);
  const tensors = new Map<string, WritableTensor>();
  for (const [name, entry] of file.tensors) {
    if (name.includes('layers.1.')) continue;
    const wide = /mlp\.(gate|up)_proj/.test(name)
      ? [INTERMEDIATE, 64]
      : /mlp\.down/.test(name)
        ? [64, INTERMEDIATE]
        : null;
    const data = wide
      ? Float32Array.from(randomNumbers(64 * INTERMEDIATE, 1, 0.01))
      : new Float32Array((await file.read(entry)).buffer);
    tensors.set(name, { dtype: 'F32', shape: wide ?? entry.shape, data });
  }
  await file.close();
  await writeSafetensors(path, tensors);
  return model;
}

interface Attempt {
  code: string;
  message: string;
  left: number;
}

const canLimit = process.platform === 'linux' && spawnSync('prlimit', ['--version']).status === 0;

describe.skipIf(!canLimit)('out of memory (skipped without prlimit)', () => {
  let told: Record<'before' | 'trained' | 'again', number[]> & { attempts: Record<string, Attempt> };
  beforeAll(async () => {
    const { stdout, stderr, code } = await finished(startNode([child, await wideModel(), folder]));
    expect({ stderr, code }).toEqual({ stderr: '', code: 0 });
    told = JSON.parse(stdout);
  });

  const asked = String.raw`f32 \[\d+,${INTERMEDIATE}\]: cannot allocate \d{9} bytes: \d+ buffers with \d+ bytes are alive; .*`;

  it.each([
    ['scoring', `^(matmul|swiglu): ${asked}; lower --batch-tokens \\(now 4096\\)$`],
    [
      'training',
      `^step [01]: .*${asked}; lower --batch-tokens \\(now 4096\\), or add --checkpointing, or train adapters only \\(--lora 8\\)$`,
    ],
    ['optimizer', String.raw`^moments of copy \d+: f32 \[${INTERMEDIATE},64\]: cannot allocate 8388608 bytes: `],
  ])('%s names who asked, how much, and what to lower', (name, message) => {
    expect(told.attempts[name]).toMatchObject({
      code: 'OUT_OF_MEMORY',
      message: expect.stringMatching(new RegExp(message)),
    });
  });

  it('leaves nothing behind, and the process goes on with smaller batches', () => {
    for (const { left } of Object.values(told.attempts)) expect(left).toBe(0);
    expect(told.trained).not.toEqual(told.before);
    expect(told.again).toEqual(told.trained);
  });
});
