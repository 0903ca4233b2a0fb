import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { adamW } from '../../src/align/optimizer.js';
import { type CausalModel, loadModel } from '../../src/models/index.js';
import type { TokenSlate } from '../../src/models/packing.js';
import { fixtureModel, randomIds } from '../helpers/model-fixtures.js';
import { safetensorsBytes } from '../helpers/safetensors.js';
import { useTemporaryFolder } from '../helpers/temporary-folder.js';

const BASE = fixtureModel('llama3-tiny');
const slates: TokenSlate[] = [{ prompt: randomIds(20, 3), responses: [randomIds(7, 1), randomIds(4, 2)] }];
const folder = useTemporaryFolder();
let adapter: string;

const sums = async (model: CausalModel) => (await model.scoreTokens(slates)).flat().map(({ sum }) => sum);

beforeEach(async () => {
  adapter = folder.path('adapter');
  using model = await loadModel(BASE);
  model.addLora({ rank: 2, alpha: 4 });
  using optimizer = adamW(model, { lr: 0.05 });
  await model.accumulateGradient(slates, [[1, -1]]);
  await optimizer.step();
  await model.saveAdapter(adapter);
});

describe('a PEFT adapter', () => {
  test('is put on a base model, or brings it along', async () => {
    using base = await loadModel(BASE);
    using given = await loadModel(BASE, { adapter });
    using brought = await loadModel(adapter);
    expect(await sums(given)).not.toEqual(await sums(base));
    expect(await sums(brought)).toEqual(await sums(given));
    expect(brought.hash).toBe(given.hash);
    expect(brought.name).toBe(BASE);
  });

  test('that names no base cannot bring it along', async () => {
    const path = join(adapter, 'adapter_config.json');
    const config = JSON.parse(readFileSync(path, 'utf8')) as object;
    writeFileSync(path, JSON.stringify({ ...config, base_model_name_or_path: null }));
    await expect(loadModel(adapter)).rejects.toMatchObject({
      code: 'ADAPTER_BASE',
      message: expect.stringContaining('--adapter DIR'),
    });
  });

  test('saved in bf16 has the values of its upper bits', async () => {
    const path = join(adapter, 'adapter_model.safetensors');
    rewrite(path, (words) => words.map((word, i) => (i % 2 === 0 ? 0 : word)), 'F32');
    using cut = await loadModel(BASE, { adapter });
    const expected = await sums(cut);
    rewrite(path, (words) => words.filter((_, i) => i % 2 === 1), 'BF16');
    using narrow = await loadModel(BASE, { adapter });
    expect(await sums(narrow)).toEqual(expected);
    rewrite(path, (words) => words, 'I16');
    await expect(loadModel(BASE, { adapter })).rejects.toMatchObject({
      code: 'ADAPTER_MISMATCH',
      message: expect.stringContaining('I16, expected F32, F16 or BF16'),
    });
  });
});

/** Writes an f32 or bf16 file again, without the checksums beside it: the 16-bit words of each tensor as `change` gives them, called `dtype`. */
function rewrite(path: string, change: (words: Uint16Array) => Uint16Array, dtype: string): void {
  const bytes = readFileSync(path);
  const start = 8 + Number(bytes.readBigUInt64LE(0));
  const { __metadata__, ...header } = JSON.parse(bytes.subarray(8, start).toString()) as Record<
    string,
    { shape: number[]; data_offsets: [number, number] }
  >;
  let position = 0;
  const parts: Buffer[] = [];
  const entries = Object.entries(header).map(
    ([
      name,
      {
        shape,
        data_offsets: [from, to],
      },
    ]) => {
      const words = change(new Uint16Array(Uint8Array.from(bytes.subarray(start + from, start + to)).buffer));
      parts.push(Buffer.from(words.buffer, words.byteOffset, words.byteLength));
      const offsets = [position, position + words.byteLength];
      position = offsets[1]!;
      return [name, { dtype, shape, data_offsets: offsets }];
    },
  );
  writeFileSync(path, safetensorsBytes(Object.fromEntries(entries), Buffer.concat(parts)));
  rmSync(join(dirname(path), 'SHA256SUMS'), { force: true });
}
