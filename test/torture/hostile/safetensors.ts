import { readFileSync } from 'node:fs';
import { safetensorsBytes } from '../../helpers/safetensors.js';
import { type Family, fixturePath, magnitude, pick, SCORE_MODEL } from './case.js';

const bytes = readFileSync(fixturePath('models/llama3-tiny/model.safetensors'));
const headerBytes = Number(bytes.readBigUInt64LE());
const header = JSON.parse(bytes.toString('utf8', 8, 8 + headerBytes)) as Record<string, Entry>;
const data = bytes.subarray(8 + headerBytes);
const names = Object.keys(header).filter((name) => name !== '__metadata__');

interface Entry {
  dtype: string;
  shape: number[];
  data_offsets: [number, number];
}

/** Weights with ranges, shapes, types or headers that are not those of their bytes. */
export const safetensors: Family = (random, i) => {
  const changed = structuredClone(header);
  const name = pick(random, names);
  const entry = changed[name]!;
  const [start, end] = entry.data_offsets;
  const raw = (name: string, content: Uint8Array) => made(name, content);
  const made = (problem: string, content: Uint8Array = safetensorsBytes(changed, data)) => ({
    name: `safetensors: ${problem}`,
    model: 'llama3-tiny',
    files: { 'model/model.safetensors': content },
    command: SCORE_MODEL,
    codes: /^(INVALID_SAFETENSORS|MISSING_TENSOR|TENSOR_SHAPE|TENSOR_DTYPE|UNEXPECTED_TENSOR)$/,
  });
  const other = pick(
    random,
    names.filter((each) => each !== name),
  );
  switch (i % 20) {
    case 0:
      entry.data_offsets = [...header[other]!.data_offsets];
      entry.shape = header[other]!.shape;
      return made('two tensors in one place');
    case 1:
      entry.data_offsets = [start - 4 * magnitude(random, 20), end];
      return made('a range that begins before the one that it follows, or before the file');
    case 2:
      entry.data_offsets = [end + 4, start];
      return made('a range that ends before it begins');
    case 3:
      entry.data_offsets = [start, end + 4 * magnitude(random, 51)];
      return made('a range that ends beyond the file');
    case 4:
      return raw('a file cut off', bytes.subarray(0, 8 + random.integer(bytes.length - 8)));
    case 5:
      return raw('a file cut off in its length', bytes.subarray(0, random.integer(8)));
    case 6: {
      const lying = Buffer.from(bytes);
      lying.writeBigUInt64LE(BigInt(headerBytes) + BigInt(magnitude(random, 62)));
      return raw('a header that is longer than it says', lying);
    }
    case 7:
      entry.shape = [...entry.shape.slice(1), entry.shape[0]! + magnitude(random, 50)];
      return made('a shape of more than its bytes');
    case 8:
      entry.shape = [2 ** 40, 2 ** 40, magnitude(random, 40)];
      return made('a shape whose size is no exact number');
    case 9:
      entry.shape = [-1, pick(random, entry.shape)];
      return made('a negative size');
    case 10:
      entry.dtype = pick(random, ['F64', 'I64', 'BOOL', 'F999', '__proto__', 'constructor', '']);
      return made('a type that is not that of the bytes');
    case 11:
      entry.shape = entry.shape.toReversed().concat(1);
      return made('a shape of the same size');
    case 12:
      delete changed[name];
      return made('a hole where a tensor was');
    case 13:
      changed[pick(random, ['__proto__', 'constructor', 'toString', 'model.layers.99.bias'])] = entry;
      Object.defineProperty(changed, '__proto__', { value: entry, enumerable: true });
      return made('a tensor of a name that objects have');
    case 14: {
      const text = JSON.stringify(changed).replace('{', `{${JSON.stringify(name)}:${JSON.stringify(entry)},`);
      return raw('a tensor that stands there twice', safetensorsBytes(text, data));
    }
    case 15:
      return raw(
        'a header of brackets',
        safetensorsBytes(pick(random, ['[', '{"a":']).repeat(magnitude(random, 23)), data),
      );
    case 16: {
      const count = 200_000 + magnitude(random, 17);
      const text = `{${Array.from({ length: count }, (_, i) => `"${i}":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}`)}}`;
      return raw('a header of very many tensors', safetensorsBytes(text, data));
    }
    case 17: {
      const broken = Buffer.from(bytes);
      for (let n = 1 + random.integer(4); n > 0; n--)
        broken[8 + random.integer(headerBytes)] = 0x80 + random.integer(128);
      return raw('a header that is not UTF-8', broken);
    }
    case 18: {
      const value = pick(random, ['1e999', 'NaN', '-0.5', '"0"', 'null', '[]', '1e400', '18446744073709551616']);
      const text = JSON.stringify(changed).replace(
        `"data_offsets":[${start},${end}]`,
        `"data_offsets":[${start},${value}]`,
      );
      return raw('an offset that is no number of bytes', safetensorsBytes(text, data));
    }
    default:
      return raw(
        'bytes of no meaning',
        Uint8Array.from({ length: magnitude(random, 16) }, () => random.integer(256)),
      );
  }
};
