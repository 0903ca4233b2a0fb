import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { writeFileAtomic } from '../data/files.js';
import type { TrainedQueries } from '../data/trained-queries.js';
import { DataError, describeError, UsageError } from '../errors.js';
import type { Tensor } from '../tensor/tensor.js';
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

/** Tensors as `writeSafetensors` takes them; each is on the host only while it is written. */
export function writable(tensors: ReadonlyMap<string, Tensor<'f32'>>): Map<string, WritableTensor> {
  const entryOf = (tensor: Tensor<'f32'>): WritableTensor => ({
    dtype: 'F32',
    shape: tensor.shape,
    data: () => tensor.read(),
  });
  return new Map([...tensors].map(([name, tensor]) => [name, entryOf(tensor)]));
}

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
  weights: ReadonlyMap<string, Tensor<'f32'>>,
  trainedOn: TrainedQueries | null,
): Promise<void> {
  await replaceFolder(folder, 'config.json', async (temporary) => {
    await writeFileAtomic(join(temporary, 'config.json'), await float32Config(join(source, 'config.json')));
    for (const name of COMPANIONS) {
      const content = await readOptional(join(source, name));
      if (content !== null) await writeFileAtomic(join(temporary, name), content);
    }
    await writeTrainedQueries(temporary, trainedOn);
    await writeSafetensors(join(temporary, 'model.safetensors'), writable(weights));
  });
}

/**
 * Fills a temporary folder beside `folder` and gives it that name. What was there before must have the file `marker`, or
 * be empty.
 */
export async function replaceFolder(
  folder: string,
  marker: string,
  fill: (temporary: string) => Promise<void>,
): Promise<void> {
  const target = resolve(folder);
  const present = await entriesOf(target);
  if (present !== null && present.length > 0 && !present.includes(marker)) {
    const what = `expected a new or empty folder, or one with a ${marker} to replace`;
    throw new UsageError('OUTPUT_NOT_A_MODEL', `${folder}: ${what}; it holds other files, such as ${present[0]}`);
  }
  const aside = (kind: string) =>
    join(dirname(target), `.${basename(target)}.${process.pid}.${randomBytes(4).toString('hex')}.${kind}`);
  const temporary = aside('tmp');
  try {
    await mkdir(temporary, { recursive: true });
    await fill(temporary);
    if (present === null) {
      await rename(temporary, target);
    } else {
      // Folders cannot be exchanged in one step: a kill between these two leaves the old one under its other name.
      const old = aside('old');
      await rename(target, old);
      await rename(temporary, target);
      await rm(old, { recursive: true });
    }
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

async function entriesOf(folder: string): Promise<string[] | null> {
  try {
    return await readdir(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw new UsageError('OUTPUT_NOT_A_MODEL', `${folder}: expected a folder: ${describeError(error)}`);
  }
}

/** config.json with the dtype of the saved weights, where it names one. */
async function float32Config(path: string): Promise<string> {
  const text = await readFile(path, 'utf8').catch((error) => {
    const todo = 'a model is saved with the config.json and tokenizer of the folder it was loaded from';
    throw new DataError('MISSING_FILE', `${path}: ${describeError(error)}; ${todo}.`);
  });
  const config: Record<string, unknown> = JSON.parse(text);
  for (const key of ['torch_dtype', 'dtype']) if (key in config) config[key] = 'float32';
  return `${JSON.stringify(config, null, 2)}\n`;
}

async function readOptional(path: string): Promise<Buffer | null> {
  return readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw new DataError('MISSING_FILE', `${path}: ${describeError(error)}`);
  });
}
