import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { DataError } from '../../src/errors.js';
import { parseSafetensorsHeader, SafetensorsFile } from '../../src/models/safetensors.js';
import { mutateSafetensorsHeaders } from '../helpers/fuzz-safetensors.js';
import { floatFile, safetensorsBytes } from '../helpers/safetensors.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';

const folder = temporaryFolder();
const path = join(folder, 'model.safetensors');
const f32 = (shape: number[], data_offsets: unknown) => ({ dtype: 'F32', shape, data_offsets });

async function openBytes(bytes: Uint8Array): Promise<SafetensorsFile> {
  writeFileSync(path, bytes);
  return SafetensorsFile.open(path);
}

describe('a valid file', () => {
  test('gives its tensors by range, scalars and empty tensors too', async () => {
    const bytes = floatFile({
      'b.weight': { shape: [2, 3], values: [1, 2, 3, 4, 5, 6] },
      empty: { shape: [0, 7], values: [] },
      scalar: { shape: [], values: [7] },
    });
    const file = await openBytes(bytes);
    expect([...file.tensors.keys()]).toEqual(['b.weight', 'empty', 'scalar']);
    const entry = file.tensors.get('b.weight')!;
    expect(entry.shape).toEqual([2, 3]);
    const data = await file.read(entry);
    expect([...new Float32Array(data.buffer)]).toEqual([1, 2, 3, 4, 5, 6]);
    expect([...new Float32Array((await file.read(file.tensors.get('scalar')!)).buffer)]).toEqual([7]);
    expect((await file.read(file.tensors.get('empty')!)).length).toBe(0);
    await file.close();
  });

  test('may have metadata, padding after the JSON, any order of names, and names like __proto__', async () => {
    const header =
      '{"__metadata__":{"format":"pt"},"z":{"dtype":"BF16","shape":[2],"data_offsets":[4,8]},"__proto__":{"dtype":"I64","shape":[0],"data_offsets":[8,8]},"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}   ';
    const file = await openBytes(safetensorsBytes(header, new Uint8Array(8)));
    expect([...file.tensors.keys()]).toEqual(['z', '__proto__', 'a']);
    await file.close();
  });
});

describe('a broken file is refused with its name and what is wrong', () => {
  const cases: [string, Uint8Array, RegExp][] = [
    ['empty file', new Uint8Array(), /at least the 8 bytes of the header length, got 0/],
    ['only a length', Buffer.alloc(8), /not JSON/],
    ['header longer than the file', Buffer.from([200, 0, 0, 0, 0, 0, 0, 0, 123]), /header of at most 1 bytes, got 200/],
    ['huge header length', Buffer.alloc(16, 0xff), /header of at most 8 bytes, got 18446744073709551615/],
    ['no JSON', safetensorsBytes('{"a":'), /not JSON/],
    ['invalid UTF-8', Buffer.concat([Buffer.from([2, 0, 0, 0, 0, 0, 0, 0]), Buffer.from([0xc3, 0x28])]), /not JSON/],
    ['JSON array', safetensorsBytes('[]'), /JSON object, got an array/],
    ['tensor is null', safetensorsBytes({ a: null }), /tensor "a": expected an object.*got null/],
    [
      'unknown dtype',
      safetensorsBytes({ a: { dtype: 'F31', shape: [], data_offsets: [0, 4] } }),
      /dtype.*F32.*got "F31"/,
    ],
    [
      'inherited dtype',
      safetensorsBytes({ a: { dtype: 'toString', shape: [], data_offsets: [0, 4] } }),
      /got "toString"/,
    ],
    ['no shape', safetensorsBytes({ a: { dtype: 'F32', data_offsets: [0, 4] } }), /shape.*got undefined/],
    ['negative size', safetensorsBytes({ a: f32([-1], [0, 4]) }, new Uint8Array(4)), /shape/],
    ['fractional size', safetensorsBytes({ a: f32([0.5], [0, 2]) }, new Uint8Array(2)), /shape/],
    ['NaN offset', safetensorsBytes('{"a":{"dtype":"F32","shape":[1],"data_offsets":[NaN,4]}}'), /not JSON/],
    ['negative offset', safetensorsBytes({ a: f32([1], [-4, 0]) }), /data_offsets/],
    ['string offset', safetensorsBytes({ a: f32([1], ['0', 4]) }), /data_offsets/],
    ['infinite offset', safetensorsBytes('{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,1e999]}}'), /data_offsets/],
    ['range backwards', safetensorsBytes({ a: f32([1], [4, 0]) }, new Uint8Array(4)), /expected 4 bytes.*-4 bytes/],
    [
      'range and shape differ',
      safetensorsBytes({ a: f32([2], [0, 4]) }, new Uint8Array(4)),
      /tensor "a": expected 8 bytes for F32 of shape \[2\].*of 4 bytes/,
    ],
    ['overflowing shape', safetensorsBytes({ a: f32([2 ** 40, 2 ** 40], [0, 4]) }, new Uint8Array(4)), /shape/],
    [
      'hole at the start',
      safetensorsBytes({ a: f32([1], [4, 8]) }, new Uint8Array(8)),
      /"a" leaves a hole.*byte 0, got 4/,
    ],
    ['overlap', safetensorsBytes({ a: f32([2], [0, 8]), b: f32([2], [4, 12]) }, new Uint8Array(12)), /"b" overlaps/],
    ['bytes at the end', safetensorsBytes({ a: f32([1], [0, 4]) }, new Uint8Array(5)), /1 bytes follow/],
    ['cut off', safetensorsBytes({ a: f32([1], [0, 4]) }, new Uint8Array(3)), /"a" is cut off/],
    ['unknown field', safetensorsBytes({ a: { ...f32([1], [0, 4]), strides: [1] } }, new Uint8Array(4)), /"strides"/],
    [
      'a name twice',
      safetensorsBytes(
        '{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"\\u0061":{"dtype":"I32","shape":[1],"data_offsets":[0,4]}}',
        new Uint8Array(4),
      ),
      /"a" twice/,
    ],
    [
      'a field twice',
      safetensorsBytes('{"a":{"dtype":"F32","dtype":"I32","shape":[1],"data_offsets":[0,4]}}', new Uint8Array(4)),
      /"dtype" twice/,
    ],
  ];
  test.each(cases)('%s', async (_, bytes, message) => {
    const error: unknown = await openBytes(bytes).catch((error) => error);
    expect(error).toBeInstanceOf(DataError);
    expect(error).toMatchObject({ code: 'INVALID_SAFETENSORS', exitCode: 3 });
    expect((error as Error).message).toMatch(message);
    expect((error as Error).message).toContain(path);
  });

  test('missing file', async () => {
    await expect(SafetensorsFile.open(join(folder, 'none'))).rejects.toMatchObject({ code: 'MISSING_FILE' });
  });

  test('a folder in place of the file', async () => {
    await expect(SafetensorsFile.open(folder)).rejects.toBeInstanceOf(DataError);
  });

  test('a file cut off after it was opened', async () => {
    const bytes = floatFile({ a: { shape: [4], values: [1, 2, 3, 4] } });
    const file = await openBytes(bytes);
    writeFileSync(path, bytes.subarray(0, bytes.length - 5));
    await expect(file.read(file.tensors.get('a')!)).rejects.toMatchObject({ code: 'INVALID_SAFETENSORS' });
    await file.close();
  });
});

test('20,000 mutated headers are accepted or refused, never anything else', () => {
  const { accepted, rejected } = mutateSafetensorsHeaders(1, 20_000);
  expect(accepted + rejected).toBe(20_000);
  expect(accepted).toBeGreaterThan(500);
  expect(rejected).toBeGreaterThan(10_000);
});

test('hostile headers end in bounded time', () => {
  const started = performance.now();
  const long = 'x'.repeat(20_000_000);
  for (const header of [`{"${long}":0}`, `{"a":${'['.repeat(1_000_000)}`, `{"a":"${'\\\\'.repeat(5_000_000)}"}`]) {
    expect(() => parseSafetensorsHeader('hostile', Buffer.from(header), 30_000_000)).toThrow(DataError);
  }
  expect(performance.now() - started).toBeLessThan(10_000);
});
