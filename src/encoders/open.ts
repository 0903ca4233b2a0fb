import { UsageError } from '../errors.js';
import type { LoadOptions } from '../models/load.js';
import { loadEncoder } from '../models/load-encoder.js';
import { isUrl } from '../remote/endpoint.js';
import type { Encoder } from './encoder.js';
import { EndpointEncoder } from './endpoint-encoder.js';
import { LexicalEncoder } from './lexical.js';

/** What opening an encoder may need: the device of a model that runs here, the name of one that a server runs. */
export interface OpenEncoderOptions extends LoadOptions {
  /** Name of the model behind a URL. */
  model?: string | undefined;
}

/**
 * Opens an encoder by its name: a model folder, the URL of a server, or the word `lexical` (a folder of that name is
 * `./lexical`).
 *
 * @throws UsageError ENDPOINT_URL, ENDPOINT_MODEL_NAME; what `loadEncoder` throws
 */
export async function openEncoder(name: string, { model, ...options }: OpenEncoderOptions = {}): Promise<Encoder> {
  if (name === 'lexical') return new LexicalEncoder();
  if (!isUrl(name)) return loadEncoder(name, options);
  if (model === undefined) {
    throw new UsageError(
      'ENDPOINT_MODEL_NAME',
      `${name}: the name of the model that is to be asked for there is missing`,
    );
  }
  return new EndpointEncoder(name, { model });
}
