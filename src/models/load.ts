import { join } from 'node:path';
import { describeValue, UsageError } from '../errors.js';
import { Device, type DeviceKind } from '../tensor/device.js';
import { CausalModel } from './causal-model.js';
import { Checkpoint } from './checkpoint.js';
import { parseModelConfig } from './config.js';
import { Gpt2, gpt2Parameters } from './gpt2.js';
import { hashFiles } from './hash-files.js';
import { Llama, llamaParameters } from './llama.js';
import { readConfig, requireModelFolder } from './model-folder.js';
import { Tokenizer } from './tokenizer.js';
import { readTrainedQueries } from './training-file.js';
import { ModelWeights } from './weights.js';

export interface LoadOptions {
  /** Default `auto`: the best device that works here. */
  device?: DeviceKind | 'auto';
  /** Type of weights and activations on the device; default `f32`, the only one on a CPU. */
  dtype?: 'f32' | 'bf16';
}

/**
 * Loads a causal language model (gpt2, llama, qwen3, phi3) from a Hugging Face folder: config.json, weights in safetensors
 * (f32, f16 or bf16; one file or shards) and, where there is one, the tokenizer.
 *
 * @throws DataError when the folder or a file is missing, broken or not supported; UsageError for a wrong option;
 *   UnavailableError when the device is not available here
 */
export async function loadModel(folder: string, options: LoadOptions = {}): Promise<CausalModel> {
  const { device: kind = 'auto' } = options;
  const dtype = requireF32(options.dtype);
  await requireModelFolder(folder);
  const configPath = join(folder, 'config.json');
  const config = parseModelConfig(configPath, await readConfig(configPath));
  const tokenizer = await Tokenizer.load(folder);
  const trainedOn = await readTrainedQueries(folder);
  const checkpoint = await Checkpoint.open(folder);
  let device: Device | undefined;
  try {
    const hash = await hashFiles([configPath, ...checkpoint.files]);
    device = Device.open(kind);
    const parameters = config.family === 'gpt2' ? gpt2Parameters(config) : llamaParameters(config);
    const weights = await ModelWeights.load(device, checkpoint, parameters);
    const network = config.family === 'gpt2' ? new Gpt2(config, weights, device) : new Llama(config, weights);
    return new CausalModel({ folder, config, tokenizer, trainedOn, hash, dtype, device, weights, network });
  } catch (error) {
    await device?.close();
    throw error;
  } finally {
    await checkpoint.close();
  }
}

/** @throws UsageError `DTYPE` for what a CPU does not compute in */
export function requireF32(dtype: LoadOptions['dtype'] = 'f32'): 'f32' {
  if (dtype === 'f32') return dtype;
  const bf16 = String(dtype) === 'bf16' ? 'bf16 needs a GPU; a CPU computes in f32' : 'expected f32 or bf16';
  throw new UsageError('DTYPE', `dtype ${describeValue(dtype)} is not available: ${bf16}.`);
}
