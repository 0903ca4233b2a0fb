import { readdir, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { describe, expect, it } from 'vitest';
import { SafetensorsFile } from '../../src/models/safetensors.js';
import { type WritableTensor, writeSafetensors } from '../../src/models/safetensors-writer.js';
import { useTemporaryFolder } from '../helpers/temporary-folder.js';

const folder = useTemporaryFolder();

function f32(shape: number[], values: number[]): WritableTensor {
  return { dtype: 'F32', shape, data: Float32Array.from(values) };
}

async function readBack(path: string) {
  const file = await SafetensorsFile.open(path);
  const tensors = new Map<string, WritableTensor & { data: Float32Array }>();
  for (const [name, entry] of file.tensors) {
    const { buffer } = await file.read(entry);
    tensors.set(name, { dtype: 'F32', shape: entry.shape, data: new Float32Array(buffer) });
  }
  await file.close();
  return tensors;
}

async function bytesOf({ data }: WritableTensor): Promise<Buffer> {
  const values = typeof data === 'function' ? await data() : data;
  return Buffer.from(values.buffer, values.byteOffset, values.byteLength);
}

describe('writeSafetensors', () => {
  it('writes what the reader reads: matrices, scalars, empty tensors, views, odd names, exact bits', async () => {
    const path = folder.path('new/model.safetensors');
    const shared = Float32Array.from([9, 1, 2, 3, 9]);
    const tensors = new Map<string, WritableTensor>([
      ['z.weight', f32([2, 3], [1, -2.5, 3, 1e-40, Number.NaN, Number.POSITIVE_INFINITY])],
      ['scalar', f32([], [7])],
      ['empty', f32([0, 5], [])],
      ['view', { dtype: 'F32', shape: [3], data: shared.subarray(1, 4) }],
      ['late', { dtype: 'F32', shape: [2], data: async () => Float32Array.of(5, 6) }],
      ['__proto__', f32([1], [-0])],
      ['ü', f32([1, 1], [4])],
    ]);
    await writeSafetensors(path, tensors);
    const read = await readBack(path);
    expect([...read.keys()]).toEqual([...tensors.keys()]);
    for (const [name, tensor] of tensors) {
      expect(read.get(name)!.shape).toEqual(tensor.shape);
      expect(await bytesOf(read.get(name)!)).toEqual(await bytesOf(tensor));
    }
    expect(await readdir(dirname(path))).toEqual(['model.safetensors']);
  });

  it('aligns the data and names the format that other libraries ask for', async () => {
    for (const [i, metadata] of [undefined, { format: 'pt', step: '17' }, {}].entries()) {
      const path = folder.path(`${i}.safetensors`);
      await writeSafetensors(path, new Map([['x'.repeat(i), f32([1], [i])]]), metadata);
      const bytes = await readFile(path);
      const length = Number(bytes.readBigUInt64LE());
      expect(length % 8).toBe(0);
      const header = JSON.parse(bytes.subarray(8, 8 + length).toString()) as { __metadata__: object };
      expect(header.__metadata__).toEqual(metadata ?? { format: 'pt' });
      expect(bytes.length).toBe(8 + length + 4);
    }
  });

  it('writes a file without tensors', async () => {
    const path = folder.path('none.safetensors');
    await writeSafetensors(path, new Map());
    expect((await readBack(path)).size).toBe(0);
  });

  it.each([
    ['too few values', 'w', f32([2, 3], [1]), /tensor "w": expected 6 values for the shape \[2,3\], got 1/],
    ['a negative extent', 'w', f32([-1, -1], [1]), /expected a shape of whole numbers >= 0, got \[-1,-1\]/],
    [
      'too few values that come late',
      'w',
      { dtype: 'F32', shape: [3], data: async () => Float32Array.of(1) },
      /tensor "w": expected 3 values for the shape \[3\], got 1/,
    ],
    ['the reserved name', '__metadata__', f32([1], [1]), /keeps this name/],
  ] as [string, string, WritableTensor, RegExp][])(
    'refuses %s and leaves the old file',
    async (_, name, tensor, message) => {
      const path = await folder.write('model.safetensors', 'old');
      const refused = writeSafetensors(path, new Map([[name, tensor]]));
      await expect(refused).rejects.toThrow(message);
      await expect(refused).rejects.toMatchObject({ code: 'TENSOR_VALUES' });
      expect(await readFile(path, 'utf8')).toBe('old');
      expect(await readdir(dirname(path))).toEqual(['model.safetensors']);
    },
  );
});
