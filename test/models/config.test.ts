import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { DataError } from '../../src/errors.js';
import { parseModelConfig } from '../../src/models/config.js';

const fixtures = join(dirname(fileURLToPath(import.meta.url)), '..', 'fixtures', 'models');
const fixture = (name: string) => JSON.parse(readFileSync(join(fixtures, name, 'config.json'), 'utf8'));
const parse = (json: unknown) => parseModelConfig('config.json', json);

const llama = {
  model_type: 'llama',
  vocab_size: 10,
  hidden_size: 8,
  num_hidden_layers: 1,
  num_attention_heads: 2,
  intermediate_size: 16,
  max_position_embeddings: 100,
};

describe('what the fixtures say', () => {
  test('gpt2', () => {
    expect(parse(fixture('gpt2-tiny'))).toEqual({
      family: 'gpt2',
      vocabulary: 256,
      width: 64,
      layers: 2,
      heads: 4,
      intermediate: 256,
      context: 64,
      epsilon: 1e-5,
      gelu: 'tanh',
      scaleAttention: true,
      scaleByLayer: false,
      tied: true,
    });
  });

  test('llama', () => {
    expect(parse(fixture('llama3-tiny'))).toMatchObject({
      family: 'llama',
      keyValueHeads: 2,
      headSize: 16,
      tied: true,
      fused: false,
      headNorms: false,
      context: 131072,
      rope: {
        type: 'llama3',
        theta: 500000,
        rotary: 16,
        factor: 32,
        lowFrequencyFactor: 1,
        highFrequencyFactor: 4,
        originalContext: 8192,
      },
    });
    expect(parse(fixture('llama3-tiny-sharded'))).toMatchObject({ tied: false });
  });

  test('qwen3', () => {
    expect(parse(fixture('qwen3-tiny'))).toMatchObject({
      headSize: 32,
      headNorms: true,
      rope: { type: 'default', rotary: 32 },
    });
  });

  test('phi3', () => {
    expect(parse(fixture('phi3-tiny'))).toMatchObject({ fused: true, tied: false, rope: { type: 'default' } });
    const attentionFactor = Math.sqrt(1 + Math.log(32) / Math.log(32));
    expect(parse(fixture('phi3-tiny-longrope'))).toMatchObject({
      rope: { type: 'longrope', originalContext: 32, attentionFactor },
    });
  });
});

describe('variants', () => {
  test('defaults of the families', () => {
    expect(parse(llama)).toMatchObject({
      keyValueHeads: 2,
      headSize: 4,
      epsilon: 1e-6,
      tied: false,
      attentionBias: false,
      rope: { theta: 10000 },
    });
    expect(parse({ ...llama, model_type: 'qwen3' })).toMatchObject({ headSize: 128 });
    expect(parse({ ...llama, model_type: 'phi3' })).toMatchObject({ epsilon: 1e-5 });
  });

  test('the newer rope_parameters, and the older names of longrope', () => {
    expect(parse({ ...llama, rope_parameters: { rope_type: 'linear', factor: 4, rope_theta: 7 } })).toMatchObject({
      rope: { type: 'linear', factor: 4, theta: 7 },
    });
    for (const type of ['su', 'yarn']) {
      const older = {
        model_type: 'phi3',
        partial_rotary_factor: 0.5,
        original_max_position_embeddings: 10,
        rope_scaling: { type, short_factor: [1], long_factor: [2] },
      };
      expect(parse({ ...llama, ...older })).toMatchObject({ rope: { type: 'longrope', rotary: 2 } });
    }
  });

  test('a sliding window narrower than the positions is the context: inside it nothing slides', () => {
    expect(parse({ ...llama, model_type: 'phi3', sliding_window: 40 })).toMatchObject({ context: 40 });
    expect(parse({ ...llama, model_type: 'phi3', sliding_window: 400 })).toMatchObject({ context: 100 });
    const qwen3 = { ...llama, model_type: 'qwen3', sliding_window: 40 };
    const context = (more: object) => parse({ ...qwen3, ...more }).context;
    expect(context({})).toBe(100);
    expect(context({ use_sliding_window: false, max_window_layers: 0 })).toBe(100);
    // Layers from max_window_layers on have the window; the model has one layer.
    expect(context({ use_sliding_window: true })).toBe(100);
    expect(context({ use_sliding_window: true, max_window_layers: 1 })).toBe(100);
    expect(context({ use_sliding_window: true, max_window_layers: 0 })).toBe(40);
    expect(context({ use_sliding_window: true, layer_types: ['sliding_attention'] })).toBe(40);
    expect(context({ use_sliding_window: true, max_window_layers: 0, layer_types: ['full_attention'] })).toBe(100);
    expect(parse({ ...llama, sliding_window: 40 })).toMatchObject({ context: 100 });
  });

  // As transformers 5.18 reads them.
  test('the length and the magnitude of longrope', () => {
    const rope_parameters = { rope_type: 'longrope', short_factor: [1, 1], long_factor: [2, 2] };
    const long = (more: object, own: object = {}) =>
      parse({ ...llama, ...more, rope_parameters: { ...rope_parameters, ...own } });
    const magnitude = (extension: number, original: number) => Math.sqrt(1 + Math.log(extension) / Math.log(original));
    expect(long({}, { original_max_position_embeddings: 20 })).toMatchObject({
      rope: { originalContext: 20, attentionFactor: magnitude(5, 20) },
    });
    expect(long({ original_max_position_embeddings: 25 }, { original_max_position_embeddings: 20 })).toMatchObject({
      rope: { originalContext: 25, attentionFactor: magnitude(4, 25) },
    });
    expect(long({}, { original_max_position_embeddings: 20, factor: 3 })).toMatchObject({
      rope: { originalContext: 20, attentionFactor: magnitude(3, 20) },
    });
    expect(long({}, { original_max_position_embeddings: 20, factor: 3, attention_factor: 1.25 })).toMatchObject({
      rope: { attentionFactor: 1.25 },
    });
    expect(long({})).toMatchObject({ rope: { originalContext: 100, attentionFactor: 1 } });
    expect(long({ model_type: 'phi3' }, { original_max_position_embeddings: 20 })).toMatchObject({
      rope: { originalContext: 4096, attentionFactor: 1 },
    });
  });

  test('rope_scaling takes the place of rope_parameters, and llama3 that of a length which is not given', () => {
    const rope_parameters = { rope_type: 'linear', factor: 4, rope_theta: 7 };
    const rope_scaling = { rope_type: 'llama3', factor: 8, low_freq_factor: 1, high_freq_factor: 4 };
    expect(parse({ ...llama, rope_scaling, rope_parameters })).toMatchObject({
      rope: { type: 'llama3', theta: 10000, factor: 8, originalContext: 100 },
    });
  });

  test('every published name of GELU', () => {
    const gelu = (activation_function: string) => parse({ ...fixture('gpt2-tiny'), activation_function });
    for (const name of ['gelu', 'gelu_python']) expect(gelu(name)).toMatchObject({ gelu: 'erf' });
    for (const name of ['gelu_new', 'gelu_fast', 'gelu_pytorch_tanh', 'gelu_python_tanh', 'gelu_accurate']) {
      expect(gelu(name)).toMatchObject({ gelu: 'tanh' });
    }
  });
});

describe('refusals name what is not supported and what is', () => {
  const cases: [object, RegExp][] = [
    [{ model_type: 'mamba' }, /model_type "mamba" is not supported; supported: gpt2, llama, qwen3, phi3/],
    [fixture('bert-tiny-minilm'), /model_type "bert"/],
    [{ ...llama, quantization_config: { bits: 4 } }, /quantization_config/],
    [{ ...llama, hidden_act: 'gelu' }, /hidden_act "gelu".*silu/],
    [{ ...llama, rope_scaling: { rope_type: 'dynamic', factor: 2 } }, /rope type "dynamic".*longrope, yarn/],
    [{ ...llama, num_key_value_heads: 3 }, /num_key_value_heads 3/],
    [{ ...llama, head_dim: 3 }, /rotating 3 elements/],
    [{ ...llama, hidden_size: 7 }, /hidden_size 7/],
    [{ ...fixture('gpt2-tiny'), activation_function: 'relu' }, /activation_function "relu".*gelu_new/],
    [{ ...fixture('gpt2-tiny'), activation_function: 'toString' }, /activation_function "toString"/],
    [{ ...fixture('gpt2-tiny'), n_head: 5 }, /n_head 5/],
    [{ ...fixture('gpt2-tiny'), add_cross_attention: true }, /add_cross_attention/],
  ];
  test.each(cases)('%#', (json, message) => {
    expect(() => parse(json)).toThrow(message);
    expect(() => parse(json)).toThrow(expect.objectContaining({ code: 'UNSUPPORTED_ARCHITECTURE', exitCode: 3 }));
  });
});

describe('broken fields are named', () => {
  const cases: [unknown, RegExp][] = [
    [null, /config\.json: the top level/],
    [{}, /field "model_type"/],
    [{ ...llama, vocab_size: 'many' }, /field "vocab_size".*got "many"/],
    [{ ...llama, hidden_size: 0 }, /field "hidden_size"/],
    [{ ...llama, num_hidden_layers: 1.5 }, /field "num_hidden_layers"/],
    [{ ...llama, rope_theta: -1 }, /field "rope_theta"/],
    [{ ...llama, rope_scaling: { rope_type: 'llama3', factor: 8 } }, /"rope_scaling\.low_freq_factor" is missing/],
    [
      { ...llama, rope_scaling: { type: 'longrope', short_factor: [1], long_factor: [1, 2] } },
      /"rope_scaling\.short_factor": expected 2 numbers, got 1/,
    ],
  ];
  test.each(cases)('%#', (json, message) => {
    expect(() => parse(json)).toThrow(message);
    expect(() => parse(json)).toThrow(DataError);
  });
});
