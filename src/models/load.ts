import { join } from 'node:path';
import { describeValue, UsageError } from '../errors.js';
import { verifyChecksums } from '../files/checksums.js';
import { Device, type DeviceKind } from '../tensor/device.js';
import { baseOfAdapter } from './adapter-files.js';
import { createNetwork, expectedParameters } from './architecture.js';
import { CausalModel } from './causal-model.js';
import { Checkpoint } from './checkpoint.js';
import { parseModelConfig } from './config.js';
import { hashFiles } from './hash-files.js';
import { type DownloadOptions, findModel, readConfig } from './model-folder.js';
import { withStoredHead } from './stored-head.js';
import { Tokenizer } from './tokenizer.js';
import { readTrainedQueries } from './training-file.js';
import { ModelWeights } from './weights.js';

/** Where a model runs, and in which number format. */
export interface LoadOptions extends DownloadOptions {
  /** Default `auto`: the best device that works here. */
  device?: DeviceKind | 'auto';
  /**
   * What matrices are multiplied in; default `f32`. With `bf16` the factors of products are rounded, of which processors and
   * GPUs that have instructions for them multiply twice as many or more; weights that train, gradients and moments stay f32.
   */
  dtype?: 'f32' | 'bf16';
}

/** Where a language model runs, and the adapter that is put on it. */
export interface LoadModelOptions extends LoadOptions {
  /** Folder or hub id of a PEFT adapter (LoRA) to put on the model. */
  adapter?: string | undefined;
  /**
   * The weights will not train, though adapters may (`addLora`). With `bf16` their matrices are then held in bf16 alone, 2 bytes
   * a number instead of 6, and every result has the same bits; a table of embeddings that is not stored in bf16 stays f32.
   */
  frozen?: boolean;
  /**
   * Check the weights' names and shapes, but load none of them: for `planRun`. The model has no memory and computes nothing
   * (`Device.open` with `dry`); its hash is that of config.json alone.
   */
  dry?: boolean;
}

/**
 * Loads a causal language model (gpt2, llama, qwen3, phi3) from a Hugging Face folder: config.json, weights in safetensors
 * (f32, f16 or bf16; one file or shards) and, where there is one, the tokenizer. A folder that holds a PEFT adapter alone
 * is loaded with the base model that its adapter_config.json names.
 *
 * @param name the folder, or a model of the Hugging Face hub: `org/name` or `org/name@revision` (docs/remote.md)
 * @throws DataError when the folder or a file is missing, broken, changed or not supported; UsageError for a wrong option;
 *   UnavailableError when the device is not available here; as `findModel`
 */
export async function loadModel(name: string, options: LoadModelOptions = {}): Promise<CausalModel> {
  const folder = await findModel(name, options);
  const base = await baseOfAdapter(folder);
  const adapters = [...(base === null ? [] : [folder]), ...(options.adapter === undefined ? [] : [options.adapter])];
  const model = await loadFolder(base === null ? folder : await findModel(base, options), base ?? name, options);
  try {
    for (const adapter of adapters) await model.loadAdapter(await findModel(adapter, options));
    return model;
  } catch (error) {
    model.dispose();
    throw error;
  }
}

async function loadFolder(folder: string, name: string, options: LoadModelOptions): Promise<CausalModel> {
  const { device: kind = 'auto', dry = false, frozen = false } = options;
  const dtype = requireDtype(options.dtype);
  const checked = dry ? new Map<string, string>() : await verifyChecksums(folder);
  const configPath = join(folder, 'config.json');
  const parsed = parseModelConfig(configPath, await readConfig(configPath));
  const tokenizer = await Tokenizer.load(folder);
  const trainedOn = await readTrainedQueries(folder);
  const checkpoint = await Checkpoint.open(folder);
  let device: Device | undefined;
  try {
    const config = await withStoredHead(parsed, checkpoint);
    const hash = await hashFiles([configPath, ...(dry ? [] : checkpoint.files)], checked);
    device = Device.open(kind, { products: dtype, dry });
    const weights = await ModelWeights.load(device, checkpoint, expectedParameters(config), { frozen });
    await checkpoint.requireUnchanged();
    const network = createNetwork(config, weights, device);
    return new CausalModel({ name, folder, config, tokenizer, trainedOn, hash, dtype, device, weights, network });
  } catch (error) {
    await device?.close();
    throw error;
  } finally {
    await checkpoint.close();
  }
}

/** @throws UsageError `DTYPE` */
export function requireDtype(dtype: LoadOptions['dtype'] = 'f32'): 'f32' | 'bf16' {
  if (dtype === 'f32' || dtype === 'bf16') return dtype;
  throw new UsageError('DTYPE', `dtype ${describeValue(dtype)} is not available: expected f32 or bf16.`);
}
