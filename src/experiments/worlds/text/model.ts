/** @file A small language model for the text worlds, untrained, as a Hugging Face folder. */
import { join } from 'node:path';
import { Random } from '../../../estimators/random.js';
import { writeFileAtomic } from '../../../files/atomic.js';
import { llamaParameters } from '../../../models/llama.js';
import { parseLlamaConfig } from '../../../models/llama-config.js';
import { type WritableTensor, writeSafetensors } from '../../../models/safetensors-writer.js';
import { LANGUAGE, type Language } from './language.js';
import { BOS_ID, EOS_ID, tokenizerConfigJson, tokenizerJson, vocabularySize } from './tokenizer.js';

export interface WorldModelOptions {
  /** Default 2. */
  layers?: number;
  /** A multiple of 2 x heads; default 64. */
  width?: number;
  /** Default 4. */
  heads?: number;
  /** Width of the feed-forward layers; default 2 x width. */
  intermediate?: number;
  /** Of the random weights; default 0. */
  seed?: number;
  language?: Language;
}

/** Most tokens of a prompt and an answer; those of the worlds have at most 21. */
const CONTEXT = 64;
/** Standard deviation of the matrices, as in GPT-2. */
const DEVIATION = 0.02;

/**
 * Writes config.json, model.safetensors, tokenizer.json, tokenizer_config.json and generation_config.json of a Llama model
 * with random weights, which `loadModel` and the Hugging Face libraries load. As in GPT-2 the projections into the
 * residual stream have their deviation divided by sqrt(2 x layers).
 *
 * @throws DataError where the sizes do not make a model; UsageError where the folder cannot be written to
 */
export async function writeWorldModel(folder: string, options: WorldModelOptions = {}): Promise<void> {
  const { layers = 2, width = 64, heads = 4, seed = 0, language = LANGUAGE } = options;
  const configPath = join(folder, 'config.json');
  const json = {
    architectures: ['LlamaForCausalLM'],
    model_type: 'llama',
    vocab_size: vocabularySize(language),
    hidden_size: width,
    intermediate_size: options.intermediate ?? 2 * width,
    num_hidden_layers: layers,
    num_attention_heads: heads,
    num_key_value_heads: heads,
    max_position_embeddings: CONTEXT,
    hidden_act: 'silu',
    initializer_range: DEVIATION,
    rms_norm_eps: 1e-5,
    rope_theta: 10000,
    attention_bias: false,
    mlp_bias: false,
    tie_word_embeddings: true,
    bos_token_id: BOS_ID,
    eos_token_id: EOS_ID,
    torch_dtype: 'float32',
  };
  const { shapes, prefix } = llamaParameters(parseLlamaConfig(configPath, json, 'llama'));
  const weights = new Map<string, WritableTensor>();
  for (const [name, shape] of shapes) {
    weights.set(prefix + name, initialWeight(name, shape, layers, new Random(seed, 0, weights.size)));
  }
  await writeJson(configPath, json);
  await writeJson(join(folder, 'tokenizer.json'), tokenizerJson(language));
  await writeJson(join(folder, 'tokenizer_config.json'), tokenizerConfigJson(CONTEXT));
  await writeJson(join(folder, 'generation_config.json'), { bos_token_id: BOS_ID, eos_token_id: EOS_ID });
  await writeSafetensors(join(folder, 'model.safetensors'), weights);
}

function initialWeight(name: string, shape: readonly number[], layers: number, random: Random): WritableTensor {
  const data = new Float32Array(shape.reduce((product, extent) => product * extent, 1));
  const isNorm = shape.length === 1;
  const intoResidual = /\.(o_proj|down_proj)\./.test(name);
  const deviation = intoResidual ? DEVIATION / Math.sqrt(2 * layers) : DEVIATION;
  for (let i = 0; i < data.length; i++) data[i] = isNorm ? 1 : deviation * random.normal();
  return { dtype: 'F32', shape, data };
}

async function writeJson(path: string, value: object): Promise<void> {
  await writeFileAtomic(path, `${JSON.stringify(value, null, 2)}\n`);
}
