import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TrainedQueries } from '../data/trained-queries.js';
import { DataError, describeError } from '../errors.js';
import { writeFileAtomic } from '../files/atomic.js';
import { replaceFolder } from '../files/folder.js';
import { reading } from '../files/text.js';
import { type WritableTensor, writeSafetensors } from './safetensors-writer.js';
import { writeTrainedQueries } from './training-file.js';

/** What belongs to a model besides its weights and config.json; copied as it is where it exists. */
const COMPANIONS = [
  'generation_config.json',
  'tokenizer.json',
  'tokenizer_config.json',
  'special_tokens_map.json',
  'added_tokens.json',
  'chat_template.jinja',
  'vocab.json',
  'merges.txt',
  'tokenizer.model',
];

/**
 * Writes a model folder in Hugging Face layout: one f32 model.safetensors with the names of the source's checkpoint, its
 * config.json (which then says float32) and its tokenizer files. A new folder appears complete or not at all; an old model
 * folder is replaced by it.
 *
 * @throws UsageError OUTPUT_NOT_A_MODEL for a folder with other contents; DataError MISSING_FILE when the source is gone
 */
export async function saveModel(
  source: string,
  folder: string,
  weights: ReadonlyMap<string, WritableTensor>,
  trainedOn: TrainedQueries | null,
): Promise<void> {
  await replaceFolder(folder, 'config.json', async (temporary) => {
    await writeFileAtomic(join(temporary, 'config.json'), await configOf(join(source, 'config.json'), weights));
    for (const name of COMPANIONS) {
      const content = await readOptional(join(source, name));
      if (content !== null) await writeFileAtomic(join(temporary, name), content);
    }
    await writeTrainedQueries(temporary, trainedOn);
    await writeSafetensors(join(temporary, 'model.safetensors'), weights);
  });
}

/** config.json with the dtype of the saved weights, where it names one, and not tied where the head is one of them. */
async function configOf(path: string, weights: ReadonlyMap<string, WritableTensor>): Promise<string> {
  const text = await reading(path, readFile(path, 'utf8')).catch((error) => {
    if (error instanceof DataError) throw error;
    const todo = 'a model is saved with the config.json and tokenizer of the folder it was loaded from';
    throw new DataError('MISSING_FILE', `${path}: ${describeError(error)}; ${todo}.`);
  });
  const config: Record<string, unknown> = JSON.parse(text);
  for (const key of ['torch_dtype', 'dtype']) if (key in config) config[key] = 'float32';
  if (weights.has('lm_head.weight')) config.tie_word_embeddings = false;
  return `${JSON.stringify(config, null, 2)}\n`;
}

async function readOptional(path: string): Promise<Buffer | null> {
  return reading(path, readFile(path)).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
}
