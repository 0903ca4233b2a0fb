import { stat } from 'node:fs/promises';
import { DataError, describeError } from '../errors.js';
import { reading, readWholeText } from '../files/text.js';
import { type DownloadOptions, modelSnapshot, parseHubModel } from '../hub/snapshot.js';
import { parseAnyJson } from './json.js';

export type { DownloadOptions } from '../hub/snapshot.js';

/** Weights and everything beside them that says how to use them; not other formats of the same weights. */
const MODEL_FILES = /^(?!(onnx|openvino|original)\/)(.*\.(json|jinja)|(.*\/)?(model|adapter_model)[^/]*\.safetensors)$/;
const TOKENIZER_FILES = /^[^/]*\.(json|jinja)$/;

/**
 * The folder of a model: `name` itself if it is one, else that of the model of the Hugging Face hub called so
 * (`org/name` or `org/name@revision`), downloaded if need be.
 *
 * @param part `tokenizer` leaves the weights where they are
 * @throws DataError MODEL_NOT_FOUND; as `modelSnapshot`
 */
export async function findModel(
  name: string,
  options: DownloadOptions = {},
  part: 'all' | 'tokenizer' = 'all',
): Promise<string> {
  const found = await stat(name).catch(() => null);
  if (found?.isDirectory()) return name;
  const model = found === null ? parseHubModel(name) : null;
  if (model === null) {
    const todo = 'Give the path of a downloaded model folder, or the id of a model of the Hugging Face hub, org/name';
    throw new DataError('MODEL_NOT_FOUND', `model ${JSON.stringify(name)}: there is no such folder. ${todo}.`);
  }
  const files = part === 'all' ? MODEL_FILES : TOKENIZER_FILES;
  return modelSnapshot(model, (path) => files.test(path), options);
}

/** The parsed config.json of a model folder. @throws DataError `MISSING_FILE`, `UNREADABLE_FILE`, `INVALID_JSON` */
export async function readConfig(path: string): Promise<unknown> {
  const text = await reading(path, readWholeText(path)).catch((error: unknown) => {
    if (error instanceof DataError) throw error;
    const todo = 'a model folder has a config.json';
    throw new DataError('MISSING_FILE', `${path}: cannot be read: ${describeError(error)}; ${todo}.`);
  });
  return parseAnyJson(path, text);
}
