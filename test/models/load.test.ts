import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { DataError, type PopeError, UsageError } from '../../src/errors.js';
import { loadModel } from '../../src/models/load.js';
import { changedFixture, fixtureModel } from '../helpers/model-fixtures.js';
import { floatFile } from '../helpers/safetensors.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';

const root = temporaryFolder();
const config = (name: string) => JSON.parse(readFileSync(join(fixtureModel(name), 'config.json'), 'utf8'));
const weights = (name: string) => readFileSync(join(fixtureModel(name), 'model.safetensors'));

/** The file with its JSON header changed, its data kept. */
function withHeader(
  file: Buffer,
  change: (header: Record<string, { shape: number[]; dtype: string }>) => void,
): Buffer {
  const length = Number(file.readBigUInt64LE());
  const header = JSON.parse(file.subarray(8, 8 + length).toString());
  change(header);
  const json = Buffer.from(JSON.stringify(header));
  const size = Buffer.alloc(8);
  size.writeBigUInt64LE(BigInt(json.length));
  return Buffer.concat([size, json, file.subarray(8 + length)]);
}

function rename(header: Record<string, unknown>, from: string, to: string): void {
  header[to] = header[from];
  delete header[from];
}

describe('broken folders are named with their file', () => {
  const gpt2 = weights('gpt2-tiny');
  const index = 'model.safetensors.index.json';
  const cases: [string, () => string, string, RegExp][] = [
    [
      'no such folder',
      () => './meta-llama/Llama-3.2-1B',
      'MODEL_NOT_FOUND',
      /"\.\/meta-llama\/Llama-3\.2-1B": there is no such folder/,
    ],
    ['a file', () => join(fixtureModel('gpt2-tiny'), 'config.json'), 'MODEL_NOT_FOUND', /config\.json/],
    [
      'no config.json',
      () => changedFixture('gpt2-tiny', root, { 'config.json': null }),
      'MISSING_FILE',
      /config\.json: cannot be read/,
    ],
    [
      'config.json is no JSON',
      () => changedFixture('gpt2-tiny', root, { 'config.json': '{' }),
      'INVALID_JSON',
      /config\.json: not JSON/,
    ],
    [
      'no weights',
      () => changedFixture('gpt2-tiny', root, { 'model.safetensors': null }),
      'MISSING_FILE',
      /model\.safetensors/,
    ],
    [
      'truncated weights',
      () => changedFixture('gpt2-tiny', root, { 'model.safetensors': gpt2.subarray(0, -9) }),
      'INVALID_SAFETENSORS',
      /cut off/,
    ],
    [
      'unknown architecture',
      () => changedFixture('gpt2-tiny', root, { 'config.json': { model_type: 'rwkv' } }),
      'UNSUPPORTED_ARCHITECTURE',
      /"rwkv".*gpt2, llama, qwen3, phi3/,
    ],
    ['an encoder', () => fixtureModel('bert-tiny-minilm'), 'UNSUPPORTED_ARCHITECTURE', /"bert"/],
    [
      'config and weights differ',
      () => changedFixture('gpt2-tiny', root, { 'config.json': { ...config('gpt2-tiny'), n_positions: 32 } }),
      'TENSOR_SHAPE',
      /"transformer\.wpe\.weight": expected shape \[32,64\].*got \[64,64\]/,
    ],
    [
      'one layer too few in the weights',
      () => changedFixture('gpt2-tiny', root, { 'config.json': { ...config('gpt2-tiny'), n_layer: 3 } }),
      'MISSING_TENSOR',
      /"transformer\.h\.2\.ln_1\.weight".*nearest names.*ln_1\.weight/,
    ],
    [
      'one layer too few in the config',
      () => changedFixture('gpt2-tiny', root, { 'config.json': { ...config('gpt2-tiny'), n_layer: 1 } }),
      'UNEXPECTED_TENSOR',
      /transformer\.h\.1\./,
    ],
    [
      'a renamed tensor',
      () =>
        changedFixture('gpt2-tiny', root, {
          'model.safetensors': withHeader(gpt2, (header) =>
            rename(header, 'transformer.ln_f.bias', 'transformer.ln_g.bias'),
          ),
        }),
      'UNEXPECTED_TENSOR',
      /ln_g/,
    ],
    [
      'another dtype',
      () =>
        changedFixture('gpt2-tiny', root, {
          'model.safetensors': withHeader(gpt2, (header) => {
            for (const entry of Object.values(header)) if (entry.dtype) entry.dtype = 'I32';
          }),
        }),
      'TENSOR_DTYPE',
      /F32, F16 or BF16, got I32/,
    ],
    [
      'another model altogether',
      () => changedFixture('gpt2-tiny', root, { 'model.safetensors': floatFile({}) }),
      'MISSING_TENSOR',
      /holds no tensors/,
    ],
    [
      'a missing head',
      () =>
        changedFixture('llama3-tiny', root, {
          'config.json': { ...config('llama3-tiny'), tie_word_embeddings: false },
        }),
      'MISSING_TENSOR',
      /"lm_head\.weight"/,
    ],
    [
      'a missing shard',
      () => changedFixture('llama3-tiny-sharded', root, { 'model-00002-of-00003.safetensors': null }),
      'MISSING_FILE',
      /model-00002-of-00003\.safetensors/,
    ],
    [
      'a broken index',
      () => changedFixture('llama3-tiny-sharded', root, { [index]: { weight_map: { a: 7 } } }),
      'INVALID_JSON',
      /index\.json: field "weight_map\.a"/,
    ],
    [
      'a broken tokenizer',
      () => changedFixture('gpt2-tiny', root, { 'tokenizer.json': '{}' }),
      'INVALID_JSON',
      /tokenizer\.json: field "model"/,
    ],
  ];
  test.each(cases)('%s', async (_, folder, code, message) => {
    const error = (await loadModel(folder()).catch((error) => error)) as PopeError;
    expect(error).toBeInstanceOf(DataError);
    expect(error).toMatchObject({ code, exitCode: 3 });
    expect(error.message).toMatch(message);
  });
});

describe('options', () => {
  test('unknown dtypes are usage errors', async () => {
    await expect(loadModel(fixtureModel('gpt2-tiny'), { dtype: 'int4' as 'f32' })).rejects.toBeInstanceOf(UsageError);
  });

  test('a device that is not there is an error, not a fallback', async () => {
    await expect(loadModel(fixtureModel('gpt2-tiny'), { device: 'cuda' })).rejects.toMatchObject({ exitCode: 4 });
  });
});

describe('names and tensors', () => {
  const strip = (file: Buffer, prefix: string) =>
    withHeader(file, (header) => {
      for (const name of Object.keys(header))
        if (name.startsWith(prefix)) rename(header, name, name.slice(prefix.length));
    });

  test.each([
    ['gpt2-tiny', 'transformer.'],
    ['llama3-tiny', 'model.'],
    ['phi3-tiny', 'model.'],
  ])('%s with and without the prefix %s is the same model', async (name, prefix) => {
    using plain = await loadModel(changedFixture(name, root, { 'model.safetensors': strip(weights(name), prefix) }));
    using model = await loadModel(fixtureModel(name));
    expect(await plain.logits([1, 2, 3])).toEqual(await model.logits([1, 2, 3]));
  });

  test('the hash is that of config and weights', async () => {
    using model = await loadModel(fixtureModel('gpt2-tiny'));
    using same = await loadModel(changedFixture('gpt2-tiny', root, { 'README.md': 'other' }));
    using other = await loadModel(
      changedFixture('gpt2-tiny', root, { 'config.json': { ...config('gpt2-tiny'), layer_norm_epsilon: 1e-4 } }),
    );
    expect(model.hash).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(same.hash).toBe(model.hash);
    expect(other.hash).not.toBe(model.hash);
    expect(model.tokenizer).toBeNull();
  });
});
