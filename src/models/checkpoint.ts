import { readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { z } from 'zod';
import { DataError } from '../errors.js';
import { parseJson, readOptionalText } from './json.js';
import { type SafetensorsDtype, SafetensorsFile, type TensorEntry } from './safetensors.js';

const SINGLE = 'model.safetensors';
const INDEX = 'model.safetensors.index.json';
const indexSchema = z.looseObject({ weight_map: z.record(z.string(), z.string()) });

export type WeightDtype = Extract<SafetensorsDtype, 'F32' | 'F16' | 'BF16'>;

/** A tensor as it is stored: little-endian bytes, row-major. */
export interface StoredTensor {
  dtype: WeightDtype;
  shape: readonly number[];
  /** Fills an array with its bytes from byte `offset` on. */
  read(offset: number, target: Uint8Array): Promise<void>;
}

/**
 * The shard of each tensor, as an index says.
 *
 * @throws DataError `INVALID_JSON` or `INVALID_INDEX`
 */
export function parseIndex(path: string, text: string): Record<string, string> {
  const { weight_map: shards } = parseJson(path, text, indexSchema);
  for (const name of Object.values(shards)) {
    // A shard is a file of this folder: an index must not reach out of it.
    if (basename(name) !== name || name === '' || name === '.' || name === '..' || /[\\/\0]/.test(name)) {
      throw new DataError('INVALID_INDEX', `${path}: expected plain file names in weight_map, got "${name}"`);
    }
  }
  return shards;
}

/** The weights of a Hugging Face model folder: one safetensors file, or shards with an index. */
export class Checkpoint {
  private constructor(
    /** The weight files, in alphabetical order. */
    readonly files: readonly string[],
    private readonly tensors: ReadonlyMap<string, { file: SafetensorsFile; entry: TensorEntry }>,
    private readonly opened: readonly SafetensorsFile[],
  ) {}

  /** @throws DataError when the folder has no weights, or its index or a shard is broken */
  static async open(folder: string): Promise<Checkpoint> {
    const indexPath = join(folder, INDEX);
    const hasSingle = await stat(join(folder, SINGLE)).then(
      () => true,
      () => false,
    );
    const text = hasSingle ? null : await readOptionalText(indexPath);
    if (!hasSingle && text === null) throw await noWeights(folder);
    const shards = text === null ? null : parseIndex(indexPath, text);
    const names = shards === null ? [SINGLE] : [...new Set(Object.values(shards))].sort();
    const opened: SafetensorsFile[] = [];
    try {
      for (const name of names) opened.push(await SafetensorsFile.open(join(folder, name)));
      const tensors = new Map<string, { file: SafetensorsFile; entry: TensorEntry }>();
      for (const file of opened) {
        for (const [name, entry] of file.tensors) {
          const listed = shards?.[name];
          if (shards !== null && listed !== basename(file.path)) {
            const place = listed === undefined ? 'not at all' : `in ${listed}`;
            throw new DataError(
              'INVALID_INDEX',
              `${indexPath}: tensor "${name}" is in ${basename(file.path)} but listed ${place}`,
            );
          }
          tensors.set(name, { file, entry });
        }
      }
      for (const [name, shard] of Object.entries(shards ?? {})) {
        if (!tensors.has(name))
          throw new DataError('INVALID_INDEX', `${indexPath}: tensor "${name}" is not in ${shard}`);
      }
      return new Checkpoint(
        opened.map((file) => file.path),
        tensors,
        opened,
      );
    } catch (error) {
      await Promise.all(opened.map((file) => file.close()));
      throw error;
    }
  }

  get names(): string[] {
    return [...this.tensors.keys()];
  }

  has(name: string): boolean {
    return this.tensors.has(name);
  }

  /**
   * One tensor, whose bytes have not been read.
   *
   * @param shape what the architecture expects
   * @throws DataError `MISSING_TENSOR`, `TENSOR_SHAPE` or `TENSOR_DTYPE`
   */
  tensor(name: string, shape: readonly number[]): StoredTensor {
    const found = this.tensors.get(name);
    if (!found) {
      const near = nearestNames(name, this.names).map((other) => `"${other}"`);
      const hint = near.length > 0 ? `; the nearest names are ${near.join(', ')}` : '; it holds no tensors';
      throw new DataError('MISSING_TENSOR', `${this.place}: expected a tensor "${name}" of shape [${shape}]${hint}.`);
    }
    const { entry, file } = found;
    if (entry.shape.length !== shape.length || entry.shape.some((size, i) => size !== shape[i])) {
      throw new DataError(
        'TENSOR_SHAPE',
        `${file.path}: tensor "${name}": expected shape [${shape}] by config.json, got [${entry.shape}].`,
      );
    }
    const { dtype } = entry;
    if (dtype !== 'F32' && dtype !== 'F16' && dtype !== 'BF16') {
      throw new DataError('TENSOR_DTYPE', `${file.path}: tensor "${name}": expected F32, F16 or BF16, got ${dtype}.`);
    }
    return { dtype, shape: entry.shape, read: (offset, target) => file.readInto(entry, offset, target) };
  }

  /** @throws DataError `MODEL_CHANGED` */
  async requireUnchanged(): Promise<void> {
    for (const file of this.opened) await file.requireUnchanged();
  }

  async close(): Promise<void> {
    await Promise.all(this.opened.map((file) => file.close()));
  }

  private get place(): string {
    return this.files.length === 1 ? this.files[0]! : `${this.files[0]} and ${this.files.length - 1} more`;
  }
}

async function noWeights(folder: string): Promise<DataError> {
  const others = (await readdir(folder)).filter((name) => /\.(bin|pt|pth|gguf|h5|msgpack|onnx)$/.test(name));
  const hint = others.length > 0 ? ` Found ${others[0]}: convert it to safetensors first.` : '';
  return new DataError('MISSING_FILE', `${folder}: expected ${SINGLE} or ${INDEX}.${hint}`);
}

/** Up to three names that share most with the wanted one: longest common suffix, then longest common prefix. */
function nearestNames(wanted: string, names: readonly string[]): string[] {
  const score = (name: string) => {
    const limit = Math.min(name.length, wanted.length);
    let suffix = 0;
    while (suffix < limit && name.at(-1 - suffix) === wanted.at(-1 - suffix)) suffix++;
    let prefix = 0;
    while (prefix < limit && name[prefix] === wanted[prefix]) prefix++;
    return suffix + prefix;
  };
  return names
    .map((name) => ({ name, score: score(name) }))
    .sort((a, b) => b.score - a.score)
    .slice(0, 3)
    .map((x) => x.name);
}
