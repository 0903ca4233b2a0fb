import { z } from 'zod';
import { parseGpt2Config } from './gpt2-config.js';
import { checkJson } from './json.js';
import { parseLlamaConfig } from './llama-config.js';
import { unsupported } from './unsupported.js';

export type { Gpt2Config } from './gpt2-config.js';
export type { LlamaConfig } from './llama-config.js';
/** What config.json says of a model that POPE computes. */
export type ModelConfig = ReturnType<typeof parseModelConfig>;

const SUPPORTED = 'gpt2, llama, qwen3, phi3';

/**
 * Reads a Hugging Face config.json.
 *
 * @param path for messages
 * @throws DataError `UNSUPPORTED_ARCHITECTURE` naming what is not supported and what is, or `INVALID_JSON` naming the field
 */
export function parseModelConfig(path: string, json: unknown) {
  const common = checkJson(
    path,
    json,
    z.looseObject({
      model_type: z.string(),
      quantization_config: z.unknown().optional(),
      auto_map: z.unknown().optional(),
    }),
  );
  if (common.quantization_config != null)
    throw unsupported(path, 'quantization_config', 'weights in f32, f16 and bf16');
  switch (common.model_type) {
    case 'gpt2':
      return parseGpt2Config(path, json);
    case 'llama':
    case 'qwen3':
    case 'phi3':
      return parseLlamaConfig(path, json, common.model_type);
    case 'bert':
    case 'roberta':
      throw unsupported(path, `model_type "${common.model_type}", an encoder, as a language model`, SUPPORTED);
    default:
      throw unsupported(path, `model_type "${common.model_type}"${ownCode(common.auto_map)}`, SUPPORTED);
  }
}

/** Models may bring Python (`auto_map`). It is never run: a known architecture is computed here, any other refused. */
function ownCode(autoMap: unknown): string {
  return autoMap == null ? '' : ', whose own code (auto_map) is not run,';
}
