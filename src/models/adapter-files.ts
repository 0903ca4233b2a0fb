import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { TrainedQueries } from '../data/trained-queries.js';
import { DataError } from '../errors.js';
import { writeFileAtomic } from '../files/atomic.js';
import { verifyChecksums } from '../files/checksums.js';
import { replaceFolder } from '../files/folder.js';
import type { Device } from '../tensor/device.js';
import { cast } from '../tensor/ops/index.js';
import type { Tensor } from '../tensor/tensor.js';
import { adapterSchema, alphaOf, checkAdapterConfig, isTarget } from './adapter-config.js';
import { hashFiles } from './hash-files.js';
import { readOptionalJson } from './json.js';
import { adapterName, type LayerAdapter, type LoraAdapters, type LoraOptions, lastPart } from './lora.js';
import { SafetensorsFile, type TensorEntry } from './safetensors.js';
import { writable, writeSafetensors } from './safetensors-writer.js';
import { writeTrainedQueries } from './training-file.js';
import type { LinearModule } from './weights.js';

const CONFIG = 'adapter_config.json';
const WEIGHTS = 'adapter_model.safetensors';

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
    ...layerFields(options),
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

/** Adapters that differ from layer to layer are named by their paths. */
function layerFields({ rank, alpha, targetModules, layers }: LoraAdapters['options']) {
  if (layers === null) return { target_modules: targetModules, rank_pattern: {}, alpha_pattern: {} };
  const own = [...layers];
  return {
    target_modules: own.map(([path]) => path),
    rank_pattern: Object.fromEntries(own.filter(([, of]) => of.rank !== rank).map(([path, of]) => [path, of.rank])),
    alpha_pattern: Object.fromEntries(own.filter(([, of]) => of.alpha !== alpha).map(([path, of]) => [path, of.alpha])),
  };
}

/**
 * The base model that the adapter in a folder names; null for a folder that holds a model itself.
 *
 * @throws DataError INVALID_JSON, ADAPTER_BASE where it names none
 */
export async function baseOfAdapter(folder: string): Promise<string | null> {
  if (existsSync(join(folder, 'config.json'))) return null;
  const config = await readOptionalJson(join(folder, CONFIG), adapterSchema);
  if (config === null) return null;
  const { base_model_name_or_path: base } = config;
  if (base) return base;
  const todo = 'load the base with this adapter (--model BASE --adapter DIR)';
  throw new DataError('ADAPTER_BASE', `${join(folder, CONFIG)}: names no base model: ${todo}.`);
}

/**
 * What the adapter in a folder changes of a model with these linear layers: those that its file has tensors for.
 *
 * @throws DataError MISSING_FILE, INVALID_JSON, CHECKSUM, UNSUPPORTED_ARCHITECTURE, INVALID_SAFETENSORS, ADAPTER_MISMATCH
 */
export async function readAdapterOptions(folder: string, modules: readonly LinearModule[]): Promise<LoraOptions> {
  await verifyChecksums(folder);
  const path = join(folder, CONFIG);
  const config = await readOptionalJson(path, adapterSchema);
  if (config === null) throw new DataError('MISSING_FILE', `${folder}: expected a PEFT adapter with a ${CONFIG}.`);
  checkAdapterConfig(path, config);
  const { tensors, path: weights } = await readAdapterHeader(folder);
  const layers = new Map<string, LayerAdapter>();
  for (const { path: module, inputs } of modules) {
    const name = adapterName(module, 'A');
    const shape = tensors.get(name)?.shape;
    if (shape === undefined) {
      if (isTarget(module, config)) throw mismatch(weights, `tensor "${name}": expected it by ${CONFIG}, got nothing`);
      continue;
    }
    const [rank = 0, width] = shape;
    if (shape.length !== 2 || rank === 0 || width !== inputs) {
      throw mismatch(weights, `tensor "${name}": expected [rank, ${inputs}], got [${shape}]`);
    }
    layers.set(module, { rank, alpha: alphaOf(path, module, rank, config) });
  }
  if (layers.size === 0) throw mismatch(weights, 'it adapts no linear layer of this model');
  const { r: rank, lora_dropout: dropout } = config;
  const alpha = alphaOf(path, '', rank, { ...config, alpha_pattern: null });
  const targetModules = [...new Set([...layers.keys()].map(lastPart))];
  const plain = modules.every(({ path: module }) => {
    const own = layers.get(module);
    return own ? own.rank === rank && own.alpha === alpha : !targetModules.includes(lastPart(module));
  });
  return { rank, alpha, dropout, targetModules, layers: plain ? null : layers };
}

async function readAdapterHeader(folder: string): Promise<Pick<SafetensorsFile, 'path' | 'tensors'>> {
  const file = await SafetensorsFile.open(join(folder, WEIGHTS));
  await file.close();
  return file;
}

function mismatch(path: string, problem: string): DataError {
  const why = 'this adapter is of another base model, or of more than the linear layers of its blocks';
  return new DataError('ADAPTER_MISMATCH', `${path}: ${problem}: ${why}.`);
}

/** Fills adapters with saved values and returns the hash of their file. @throws DataError MISSING_FILE, ADAPTER_MISMATCH */
export async function readAdapterWeights(folder: string, tensors: ReadonlyMap<string, Tensor<'f32'>>): Promise<string> {
  const file = await SafetensorsFile.open(join(folder, WEIGHTS));
  try {
    const unknown = [...file.tensors.keys()].find((name) => !tensors.has(name));
    if (unknown !== undefined) throw mismatch(file.path, `tensor "${unknown}" adapts nothing`);
    for (const [name, tensor] of tensors) {
      const entry = file.tensors.get(name);
      if (entry === undefined || String(entry.shape) !== String(tensor.shape)) {
        const got = entry ? `[${entry.shape}]` : 'nothing';
        throw mismatch(file.path, `tensor "${name}": expected [${tensor.shape}], got ${got}`);
      }
      tensor.device.write(tensor, await asFloats(tensor.device, entry, await file.read(entry), file.path));
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
  path: string,
): Promise<Uint8Array | Float32Array> {
  if (dtype === 'F32') return data;
  if (dtype !== 'F16' && dtype !== 'BF16') throw mismatch(path, `weights in ${dtype}, expected F32, F16 or BF16`);
  const raw = device.tensor(data, shape, dtype === 'F16' ? 'f16' : 'bf16');
  const wide = cast(raw);
  try {
    return await wide.read();
  } finally {
    raw.dispose();
    wide.dispose();
  }
}
