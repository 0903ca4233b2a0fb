import { join } from 'node:path';
import { Device } from '../tensor/device.js';
import { Bert, bertParameters, encoderHeads } from './bert.js';
import { Checkpoint } from './checkpoint.js';
import { TransformerEncoder } from './encoder.js';
import { parseEncoderConfig } from './encoder-config.js';
import { hashFiles } from './hash-files.js';
import { type LoadOptions, requireDtype } from './load.js';
import { findModel, readConfig } from './model-folder.js';
import { readSentenceSettings } from './sentence-transformers.js';
import { SequenceTokenizer } from './sequence-tokenizer.js';
import { Tokenizer } from './tokenizer.js';
import { ModelWeights } from './weights.js';

/**
 * Loads an encoder (bert, roberta) from a Hugging Face or sentence-transformers folder: config.json, weights in safetensors,
 * tokenizer.json where there is one, and the side files that say how texts become vectors (sentence-transformers.ts).
 *
 * @param name the folder, or a model of the Hugging Face hub: `org/name` or `org/name@revision` (docs/remote.md)
 * @throws DataError when the folder or a file is missing, broken or not supported; UsageError for a wrong option;
 *   UnavailableError when the device is not available here; as `findModel`
 */
export async function loadEncoder(name: string, options: LoadOptions = {}): Promise<TransformerEncoder> {
  const products = requireDtype(options.dtype);
  const root = await findModel(name, options);
  const settings = await readSentenceSettings(root);
  const { folder } = settings;
  const configPath = join(folder, 'config.json');
  const config = parseEncoderConfig(configPath, await readConfig(configPath));
  const tokenizer = await Tokenizer.load(folder);
  const maxTokens = Math.min(settings.maxTokens ?? config.context, config.context);
  const sequences = tokenizer && new SequenceTokenizer(tokenizer, config, maxTokens);
  const checkpoint = await Checkpoint.open(folder);
  let device: Device | undefined;
  try {
    const tokenizerFiles = tokenizer ? [tokenizer.path] : [];
    const hash = await hashFiles([configPath, ...settings.files, ...tokenizerFiles, ...checkpoint.files]);
    device = Device.open(options.device ?? 'auto', { products });
    const heads = encoderHeads(config, checkpoint);
    const weights = await ModelWeights.load(device, checkpoint, bertParameters(config, heads), { frozen: true });
    await checkpoint.requireUnchanged();
    const network = new Bert(config, weights, device, heads);
    return new TransformerEncoder({ config, settings, sequences, hash, device, weights, network });
  } catch (error) {
    await device?.close();
    throw error;
  } finally {
    await checkpoint.close();
  }
}
