import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { DataError } from '../../src/errors.js';
import { Checkpoint } from '../../src/models/checkpoint.js';
import { hashFiles } from '../../src/models/hash-files.js';
import { floatFile, safetensorsBytes } from '../helpers/safetensors.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';

const fixtures = join(dirname(fileURLToPath(import.meta.url)), '..', 'fixtures', 'models');
const root = temporaryFolder();
let count = 0;
function folderWith(files: Record<string, string | Uint8Array | object>): string {
  const folder = join(root, String(count++));
  mkdirSync(folder);
  for (const [name, content] of Object.entries(files)) {
    const raw = typeof content === 'string' || content instanceof Uint8Array;
    writeFileSync(join(folder, name), raw ? content : JSON.stringify(content));
  }
  return folder;
}
const one = (name: string) => floatFile({ [name]: { shape: [2], values: [1, 2] } });

describe('a single file', () => {
  test('gives tensors of the expected shape, in their dtype', async () => {
    const data = Uint8Array.from({ length: 12 }, (_, i) => i);
    const header = {
      half: { dtype: 'F16', shape: [2], data_offsets: [0, 4] },
      ids: { dtype: 'I64', shape: [1], data_offsets: [4, 12] },
    };
    const checkpoint = await Checkpoint.open(folderWith({ 'model.safetensors': safetensorsBytes(header, data) }));
    const half = checkpoint.tensor('half', [2]);
    expect(half).toMatchObject({ dtype: 'F16', shape: [2] });
    const part = new Uint8Array(3);
    await half.read(1, part);
    expect(part).toEqual(Uint8Array.of(1, 2, 3));
    expect(() => checkpoint.tensor('ids', [1])).toThrow(/tensor "ids": expected F32, F16 or BF16, got I64/);
    await checkpoint.close();
  });

  test('a missing tensor lists the nearest names, a misshapen one both shapes', async () => {
    const checkpoint = await Checkpoint.open(join(fixtures, 'gpt2-tiny'));
    expect(() => checkpoint.tensor('h.1.ln_1.weight', [64])).toThrow(
      /expected a tensor "h.1.ln_1.weight".*"transformer.h.1.ln_1.weight"/,
    );
    expect(() => checkpoint.tensor('transformer.wpe.weight', [32, 64])).toThrow(
      /expected shape \[32,64\].*got \[64,64\]/,
    );
    expect(() => checkpoint.tensor('transformer.wpe.weight', [64, 64, 1])).toThrow(DataError);
    await checkpoint.close();
  });
});

describe('shards', () => {
  test('are read through the index', async () => {
    const folder = join(fixtures, 'llama3-tiny-sharded');
    const { weight_map } = JSON.parse(readFileSync(join(folder, 'model.safetensors.index.json'), 'utf8'));
    const checkpoint = await Checkpoint.open(folder);
    expect(checkpoint.names.sort()).toEqual(Object.keys(weight_map).sort());
    expect(checkpoint.files).toHaveLength(3);
    expect(checkpoint.tensor('lm_head.weight', [256, 64])).toMatchObject({ dtype: 'F32', shape: [256, 64] });
    await checkpoint.close();
  });

  const index = (weight_map: unknown) => ({ 'model.safetensors.index.json': { metadata: {}, weight_map } });
  const cases: [string, Record<string, string | Uint8Array | object>, RegExp][] = [
    ['nothing', {}, /expected model\.safetensors or model\.safetensors\.index\.json/],
    ['another format', { 'pytorch_model.bin': '' }, /pytorch_model\.bin: convert it/],
    ['an index that is no JSON', { 'model.safetensors.index.json': '{' }, /index\.json: not JSON/],
    ['no weight_map', { 'model.safetensors.index.json': '{}' }, /field "weight_map"/],
    ['a shard that is a number', index({ a: 3 }), /field "weight_map\.a"/],
    ['a shard that is missing', index({ a: 'x.safetensors' }), /x\.safetensors: cannot be opened \(ENOENT\)/],
    [
      'a truncated shard',
      { ...index({ a: 'x.safetensors' }), 'x.safetensors': one('a').subarray(0, -3) },
      /x\.safetensors: tensor "a" is cut off/,
    ],
    ['a path out of the folder', index({ a: '../../secret.safetensors' }), /plain file names.*"\.\.\/\.\.\/secret/],
    ['an absolute path', index({ a: '/etc/passwd' }), /plain file names/],
    ['a backslash', index({ a: '..\\x' }), /plain file names/],
    ['the folder above', index({ a: '..' }), /plain file names/],
    [
      'a tensor that its shard lacks',
      { ...index({ a: 'x.safetensors', b: 'x.safetensors' }), 'x.safetensors': one('a') },
      /tensor "b" is not in x\.safetensors/,
    ],
    [
      'a tensor that the index lacks',
      { ...index({ a: 'x.safetensors', b: 'y.safetensors' }), 'x.safetensors': one('a'), 'y.safetensors': one('c') },
      /tensor "c" is in y\.safetensors but listed not at all/,
    ],
    [
      'a tensor in two shards',
      { ...index({ a: 'x.safetensors', b: 'y.safetensors' }), 'x.safetensors': one('a'), 'y.safetensors': one('a') },
      /tensor "a" is in y\.safetensors but listed in x/,
    ],
  ];
  test.each(cases)('%s', async (_, files, message) => {
    const error: unknown = await Checkpoint.open(folderWith(files)).catch((error) => error);
    expect(error).toBeInstanceOf(DataError);
    expect((error as Error).message).toMatch(message);
  });
});

test('the hash of files follows contents, names and nothing else', async () => {
  const of = (files: Record<string, string>) => {
    const folder = folderWith(files);
    return hashFiles(Object.keys(files).map((name) => join(folder, name)));
  };
  const hash = await of({ a: 'x', b: 'y' });
  expect(hash).toMatch(/^sha256:[0-9a-f]{64}$/);
  expect(await of({ a: 'x', b: 'y' })).toBe(hash);
  expect(await of({ a: 'x', b: 'z' })).not.toBe(hash);
  expect(await of({ a: 'x', c: 'y' })).not.toBe(hash);
  expect(await of({ a: 'xy', b: '' })).not.toBe(hash);
});
