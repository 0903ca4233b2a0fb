import { join } from 'node:path';
import { z } from 'zod';
import { readOptionalJson } from './json.js';
import { unsupported } from './unsupported.js';

export type Pooling = 'mean' | 'cls';

/** How a folder's texts become one vector each. */
export interface SentenceSettings {
  /** Folder of the encoder's own files: config.json, weights, tokenizer. */
  folder: string;
  /** Mean of the last hidden states, or that of the first token. */
  pooling: Pooling;
  /** Whether vectors are divided by their Euclidean length. */
  normalize: boolean;
  /** Most tokens of a text, special tokens included, where the files say so. */
  maxTokens: number | null;
  /** Whether texts are lower-cased before the tokenizer sees them. */
  lowerCase: boolean;
  /** Put before every text. */
  prompt: string;
  /** Numbers of a vector that are kept, the first ones, where the files say so. */
  dimensions: number | null;
  /** Files that were read. */
  files: string[];
}

const modulesSchema = z.array(z.looseObject({ path: z.string(), type: z.string() }));
const poolingSchema = z.looseObject({
  pooling_mode: z.union([z.string(), z.array(z.string())]).nullish(),
  include_prompt: z.boolean().default(true),
});
const transformerSchema = z.looseObject({
  max_seq_length: z.int().positive().nullish(),
  do_lower_case: z.boolean().nullish(),
  transformer_task: z.string().nullish(),
  modality_config: z.record(z.string(), z.looseObject({ method_output_name: z.unknown() })).nullish(),
});
const promptsSchema = z.looseObject({
  prompts: z.record(z.string(), z.string()).nullish(),
  default_prompt_name: z.string().nullish(),
  truncate_dim: z.int().positive().nullish(),
});
const lengthSchema = z.looseObject({ model_max_length: z.number().positive().nullish() });

/** Keys of the config.json of a pooling module of older versions; one of them is true. */
const POOLING_KEYS: Readonly<Record<string, string>> = {
  pooling_mode_cls_token: 'cls',
  pooling_mode_mean_tokens: 'mean',
};

/**
 * Reads the side files of a sentence-transformers folder: modules.json, the config.json of its Pooling module,
 * sentence_bert_config.json and config_sentence_transformers.json. A folder without modules.json gets what that library
 * gives it: mean pooling, no normalisation.
 *
 * @throws DataError `UNSUPPORTED_ARCHITECTURE` for other modules and poolings, which would give other vectors; INVALID_JSON
 */
export async function readSentenceSettings(root: string): Promise<SentenceSettings> {
  const files: string[] = [];
  const read = async <T>(path: string, schema: z.ZodType<T>): Promise<T | null> => {
    const value = await readOptionalJson(path, schema);
    if (value !== null) files.push(path);
    return value;
  };
  const modulesPath = join(root, 'modules.json');
  const modules = await read(modulesPath, modulesSchema);
  const [first, second, third] = modules ?? [];
  const names = modules?.map(({ type }) => type.split('.').at(-1)!) ?? ['Transformer'];
  const supported = /^Transformer(,Pooling(,Normalize)?)?$/;
  if (!supported.test(names.join())) {
    throw unsupported(
      modulesPath,
      `the modules ${names.join(', ')}`,
      'Transformer, Pooling and Normalize, in this order',
    );
  }
  const folder = join(root, first?.path ?? '');
  let pooling: Pooling = 'mean';
  let includesPrompt = true;
  if (second) {
    const path = join(root, second.path, 'config.json');
    const config = await read(path, poolingSchema);
    pooling = poolingOf(path, config);
    includesPrompt = config?.include_prompt ?? true;
  }
  const transformer = await read(join(folder, 'sentence_bert_config.json'), transformerSchema);
  checkTransformer(join(folder, 'sentence_bert_config.json'), transformer);
  const lengths = await read(join(folder, 'tokenizer_config.json'), lengthSchema);
  const promptsPath = join(root, 'config_sentence_transformers.json');
  const prompts = await read(promptsPath, promptsSchema);
  const prompt = prompts?.prompts?.[prompts.default_prompt_name ?? ''] ?? '';
  if (prompt !== '' && !includesPrompt) {
    throw unsupported(promptsPath, 'a default prompt that the pooling leaves out', 'include_prompt true');
  }
  return {
    folder,
    pooling,
    normalize: third !== undefined,
    maxTokens: transformer?.max_seq_length ?? lengths?.model_max_length ?? null,
    lowerCase: transformer?.do_lower_case ?? false,
    prompt,
    dimensions: prompts?.truncate_dim ?? null,
    files,
  };
}

/** The mode that a pooling module names: as a text or list, or in older files by a key that is true. */
function poolingOf(path: string, config: z.infer<typeof poolingSchema> | null): Pooling {
  const isSet = (key: string) => key.startsWith('pooling_mode_') && config?.[key] === true;
  const older = Object.keys(config ?? {}).filter(isSet);
  const modes = config?.pooling_mode ? [config.pooling_mode].flat() : older.map((key) => POOLING_KEYS[key] ?? key);
  const [mode] = modes;
  if (modes.length === 1 && (mode === 'cls' || mode === 'mean')) return mode;
  const what = modes.length === 0 ? 'a pooling that names no mode' : `pooling by ${modes.join(' with ')}`;
  throw unsupported(path, what, 'one of cls, mean');
}

/** What newer files say of the encoder itself: anything but its last hidden states of texts would give other vectors. */
function checkTransformer(path: string, config: z.infer<typeof transformerSchema> | null): void {
  const task = config?.transformer_task ?? 'feature-extraction';
  if (task !== 'feature-extraction') throw unsupported(path, `transformer_task "${task}"`, 'feature-extraction');
  const output = config?.modality_config?.text?.method_output_name ?? 'last_hidden_state';
  if (output !== 'last_hidden_state') {
    throw unsupported(path, `method_output_name ${JSON.stringify(output)}`, 'last_hidden_state');
  }
}
