/** Large checkpoints reach the device in blocks: the host never holds a model, nor a tensor, besides what the device has. */
import { mkdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { expectedParameters } from '../../src/models/architecture.js';
import { Checkpoint, type StoredTensor } from '../../src/models/checkpoint.js';
import { parseModelConfig } from '../../src/models/config.js';
import { TensorUploads } from '../../src/models/tensor-uploads.js';
import { Device } from '../../src/tensor/device.js';
import { narrow } from '../../src/tensor/ops/narrow.js';
import { finished, startNode } from '../cli/run-cli.js';
import { randomNumbers } from '../helpers/check-op.js';
import { safetensorsBytes } from '../helpers/safetensors.js';
import { simtBinary } from '../helpers/simt-addon.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';
import { tinyModel } from '../helpers/tiny-model.js';

const folder = temporaryFolder();
const child = fileURLToPath(new URL('streaming.child.mjs', import.meta.url));

describe('blocks', () => {
  const counts = [0, 1, 6, 7, 8, 15, 61];

  /** A checkpoint with a tensor of each count in a dtype, whose elements count from 0. */
  function checkpoint(dtype: 'F32' | 'F16' | 'BF16') {
    const width = dtype === 'F32' ? 4 : 2;
    const header: Record<string, object> = {};
    const parts: Uint8Array[] = [];
    let position = 0;
    for (const count of counts) {
      const values = Float32Array.from({ length: count }, (_, i) => i);
      const bits = new Uint32Array(values.buffer);
      // Whole numbers below 64 are exact in all three: sign, exponent and fraction of binary16 and bfloat16.
      const half = (word: number) => (word === 0 ? 0 : ((word >>> 13) & 0x3ff) | (((word >>> 23) - 112) << 10));
      const narrow = Uint16Array.from(bits, (word) => (dtype === 'BF16' ? word >>> 16 : half(word)));
      const bytes = new Uint8Array(dtype === 'F32' ? values.buffer : narrow.buffer);
      header[`t${count}`] = { dtype, shape: [count], data_offsets: [position, position + width * count] };
      position += bytes.length;
      parts.push(bytes);
    }
    const path = join(folder, dtype);
    mkdirSync(path);
    writeFileSync(join(path, 'model.safetensors'), safetensorsBytes(header, Buffer.concat(parts)));
    return Checkpoint.open(path);
  }

  it.each(['F32', 'F16', 'BF16'] as const)('bring %s tensors of any length, whole', async (dtype) => {
    await using device = Device.open('cpu');
    const stored = await checkpoint(dtype);
    const uploads = new TensorUploads(device, 16);
    for (const count of counts) {
      using tensor = await uploads.upload(stored.tensor(`t${count}`, [count]), 'f32');
      expect(await tensor.read()).toEqual(Float32Array.from({ length: count }, (_, i) => i));
    }
    await stored.close();
  });

  it.each(['F32', 'F16', 'BF16'] as const)(
    'bring %s tensors of any length in bf16, rounded to nearest',
    async (dtype) => {
      await using device = Device.open('cpu');
      const uploads = new TensorUploads(device, 16);
      for (const count of counts) {
        const values = Float32Array.from(randomNumbers(count, 7, 100));
        const bits = Uint16Array.from({ length: count }, (_, i) => (i * 1657) % 0x7c00); // finite in f16 and bf16
        const raw = dtype === 'F32' ? values : bits;
        const bytes = new Uint8Array(raw.buffer);
        const stored: StoredTensor = {
          dtype,
          shape: [count],
          read: async (offset, target) => target.set(bytes.subarray(offset, offset + target.length)),
        };
        using tensor = await uploads.upload(stored, 'bf16');
        using exact = await uploads.upload(stored, 'f32');
        using rounded = narrow(exact);
        expect(await tensor.read()).toEqual(await rounded.read());
      }
    },
  );

  it('bring a tensor of f32 in bf16 with a few blocks of f32 on the way', async () => {
    await using device = Device.open('cpu');
    const [block, count] = [2 ** 21, 2 ** 23];
    const stored = {
      dtype: 'F32',
      shape: [count],
      read: async (_: number, target: Uint8Array) => void target.fill(1),
    } as const;
    using tensor = await new TensorUploads(device, block).upload(stored, 'bf16');
    expect(new Set(await tensor.read())).toEqual(new Set([0x0101]));
    const { peakBytes } = device.memoryStats();
    expect(peakBytes - 2 * count).toBeLessThan(4 * block);
  });

  it('leave nothing behind where the file ends too early', async () => {
    await using device = Device.open('cpu');
    const read = async (offset: number) => {
      if (offset > 0) throw new Error('cut off');
    };
    const stored = { dtype: 'F32', shape: [100], read } as const;
    await expect(new TensorUploads(device, 16).upload(stored, 'f32')).rejects.toThrow('cut off');
    expect(device.memoryStats().liveBuffers).toBe(0);
  });
});

describe('a checkpoint of 51 million bf16 weights in three shards', () => {
  /**
   * One tensor in the file and the same on the device would be 102 MB. Blocks of host memory are 17 MB, what is widened from
   * them on the device as much again, and on a GPU what is pinned; the rest is the heap of JavaScript, which a busy machine
   * collects late.
   */
  const MOST = 75e6;
  const large = { vocab_size: 400_000, tie_word_embeddings: false };
  let model: string;
  beforeAll(async () => {
    model = await tinyModel();
    rmSync(join(model, 'model.safetensors'));
    const config = { ...JSON.parse(readFileSync(join(model, 'config.json'), 'utf8')), ...large };
    writeFileSync(join(model, 'config.json'), JSON.stringify(config));
    const { shapes, prefix } = expectedParameters(parseModelConfig('config.json', config));
    const weightMap: Record<string, string> = {};
    for (const shard of [0, 1, 2]) {
      const file = `model-${shard}.safetensors`;
      const header: Record<string, object> = {};
      let position = 0;
      for (const [name, shape] of [...shapes].filter((_, i) => i % 3 === shard)) {
        const end = position + 2 * shape.reduce((a, b) => a * b, 1);
        const full = name.startsWith('lm_head') ? name : prefix + name;
        header[full] = { dtype: 'BF16', shape, data_offsets: [position, end] };
        weightMap[full] = file;
        position = end;
      }
      const beginning = safetensorsBytes(header);
      writeFileSync(join(model, file), beginning);
      truncateSync(join(model, file), beginning.length + position); // zeros
    }
    writeFileSync(join(model, 'model.safetensors.index.json'), JSON.stringify({ weight_map: weightMap }));
  });

  it.each([
    ['cpu', {}],
    ['cuda', { POPE_NATIVE_PATH: simtBinary }],
  ])(`takes at most ${MOST / 1e6} MB above its weights: %s`, async (device, environment) => {
    const { stdout, stderr, code } = await finished(startNode([child, model, device], { environment }));
    expect({ stderr, code }).toEqual({ stderr: '', code: 0 });
    const { weights, above } = JSON.parse(stdout);
    expect(weights).toBeGreaterThan(204e6);
    expect(above).toBeLessThan(MOST);
  });
});
