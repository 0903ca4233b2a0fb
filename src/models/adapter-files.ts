import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { TrainedQueries } from '../data/trained-queries.js';
import { DataError } from '../errors.js';
import { writeFileAtomic } from '../files/atomic.js';
import { verifyChecksums } from '../files/checksums.js';
import { replaceFolder } from '../files/folder.js';
import type { Device } from '../tensor/device.js';
import { cast } from '../tensor/ops/index.js';
import type { Tensor } from '../tensor/tensor.js';
import { hashFiles } from './hash-files.js';
import { readOptionalJson } from './json.js';
import type { LoraAdapters, LoraOptions } from './lora.js';
import { SafetensorsFile, type TensorEntry } from './safetensors.js';
import { writable, writeSafetensors } from './safetensors-writer.js';
import { writeTrainedQueries } from './training-file.js';

const CONFIG = 'adapter_config.json';
const WEIGHTS = 'adapter_model.safetensors';

/** The fields of PEFT's LoraConfig that change what an adapter computes; others must have their plain value. */
const schema = z.looseObject({
  peft_type: z.literal('LORA'),
  base_model_name_or_path: z.string().nullish(),
  r: z.int().positive(),
  lora_alpha: z.number().positive(),
  lora_dropout: z.number().min(0).lt(1).default(0),
  target_modules: z.array(z.string()),
  bias: z.literal('none').default('none'),
  use_rslora: z.literal(false).default(false),
  use_dora: z.literal(false).default(false),
  modules_to_save: z.null().default(null),
  layers_to_transform: z.null().default(null),
  rank_pattern: z.record(z.string(), z.never()).default({}),
  alpha_pattern: z.record(z.string(), z.never()).default({}),
});

/**
 * Writes adapters as PEFT does (https://github.com/huggingface/peft, docs "PEFT checkpoint format"):
 * adapter_config.json and adapter_model.safetensors.
 *
 * @param base folder of the base model, or its id on the hub
 */
export async function saveAdapter(
  folder: string,
  base: string,
  { options, tensors, transposed }: LoraAdapters,
  trainedOn: TrainedQueries | null,
): Promise<void> {
  const config = {
    peft_type: 'LORA',
    task_type: 'CAUSAL_LM',
    base_model_name_or_path: base,
    r: options.rank,
    lora_alpha: options.alpha,
    lora_dropout: options.dropout,
    target_modules: options.targetModules,
    fan_in_fan_out: !transposed,
    bias: 'none',
    use_rslora: false,
    use_dora: false,
    modules_to_save: null,
    inference_mode: true,
  };
  await replaceFolder(folder, CONFIG, async (temporary) => {
    await writeFileAtomic(join(temporary, CONFIG), `${JSON.stringify(config, null, 2)}\n`);
    await writeTrainedQueries(temporary, trainedOn);
    await writeSafetensors(join(temporary, WEIGHTS), writable(tensors));
  });
}

/**
 * The base model that the adapter in a folder names; null for a folder that holds a model itself.
 *
 * @throws DataError INVALID_JSON, ADAPTER_BASE where it names none
 */
export async function baseOfAdapter(folder: string): Promise<string | null> {
  if (existsSync(join(folder, 'config.json'))) return null;
  const config = await readOptionalJson(join(folder, CONFIG), schema);
  if (config === null) return null;
  const { base_model_name_or_path: base } = config;
  if (base) return base;
  const todo = 'load the base with this adapter (--model BASE --adapter DIR)';
  throw new DataError('ADAPTER_BASE', `${join(folder, CONFIG)}: names no base model: ${todo}.`);
}

/** @throws DataError MISSING_FILE, INVALID_JSON, CHECKSUM */
export async function readAdapterOptions(folder: string): Promise<LoraOptions> {
  await verifyChecksums(folder);
  const config = await readOptionalJson(join(folder, CONFIG), schema);
  if (config === null) throw new DataError('MISSING_FILE', `${folder}: expected a PEFT adapter with a ${CONFIG}.`);
  const { r: rank, lora_alpha: alpha, lora_dropout: dropout, target_modules: targetModules } = config;
  return { rank, alpha, dropout, targetModules };
}

/** Fills adapters with saved values and returns the hash of their file. @throws DataError MISSING_FILE, ADAPTER_MISMATCH */
export async function readAdapterWeights(folder: string, tensors: ReadonlyMap<string, Tensor<'f32'>>): Promise<string> {
  const file = await SafetensorsFile.open(join(folder, WEIGHTS));
  try {
    const mismatch = (problem: string) =>
      new DataError('ADAPTER_MISMATCH', `${file.path}: ${problem}: this adapter is of another base model.`);
    const unknown = [...file.tensors.keys()].find((name) => !tensors.has(name));
    if (unknown !== undefined) throw mismatch(`tensor "${unknown}" adapts nothing`);
    for (const [name, tensor] of tensors) {
      const entry = file.tensors.get(name);
      if (entry === undefined || String(entry.shape) !== String(tensor.shape)) {
        const got = entry ? `[${entry.shape}]` : 'nothing';
        throw mismatch(`tensor "${name}": expected [${tensor.shape}], got ${got}`);
      }
      tensor.device.write(tensor, await asFloats(tensor.device, entry, await file.read(entry), mismatch));
    }
    return await hashFiles([file.path]);
  } finally {
    await file.close();
  }
}

/** The values of a stored tensor in f32, in which adapters are kept whatever PEFT saved them in. */
async function asFloats(
  device: Device,
  { dtype, shape }: TensorEntry,
  data: Uint8Array,
  mismatch: (problem: string) => DataError,
): Promise<Uint8Array | Float32Array> {
  if (dtype === 'F32') return data;
  if (dtype !== 'F16' && dtype !== 'BF16') throw mismatch(`weights in ${dtype}, expected F32, F16 or BF16`);
  const raw = device.tensor(data, shape, dtype === 'F16' ? 'f16' : 'bf16');
  const wide = cast(raw);
  try {
    return await wide.read();
  } finally {
    raw.dispose();
    wide.dispose();
  }
}
