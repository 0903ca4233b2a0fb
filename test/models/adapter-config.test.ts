/** Adapters that PEFT makes otherwise for some layers than for others, and those that it makes of more than linear layers. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadModel } from '../../src/models/index.js';
import { type WritableTensor, writeSafetensors } from '../../src/models/safetensors-writer.js';
import { fixtureModel } from '../helpers/model-fixtures.js';
import { useTemporaryFolder } from '../helpers/temporary-folder.js';
import { expectClose } from '../helpers/tolerance.js';

const folder = useTemporaryFolder();
const slates = [{ prompt: [5, 17, 200, 33, 90], responses: [[7, 120, 64, 3]] }];

/** Layers with their rank, inputs and outputs. */
type Layers = Record<string, [number, number, number]>;

/** An adapter folder whose values are sin(100 j + i) / 4 for element i of matrix j. */
async function writeAdapter(layers: Layers, config: object): Promise<string> {
  const path = folder.path('adapter');
  const tensors = new Map<string, WritableTensor>();
  for (const [module, [rank, inputs, outputs]] of Object.entries(layers)) {
    for (const [matrix, shape] of [['A', [rank, inputs]] as const, ['B', [outputs, rank]] as const]) {
      const start = 100 * tensors.size;
      const data = Float32Array.from({ length: shape[0] * shape[1] }, (_, i) => Math.sin(start + i) / 4);
      tensors.set(`base_model.model.${module}.lora_${matrix}.weight`, { dtype: 'F32', shape, data });
    }
  }
  mkdirSync(path, { recursive: true });
  await writeSafetensors(join(path, 'adapter_model.safetensors'), tensors);
  writeFileSync(join(path, 'adapter_config.json'), JSON.stringify({ peft_type: 'LORA', ...config }));
  return path;
}

const LLAMA: Layers = {
  'model.layers.0.self_attn.q_proj': [2, 64, 64],
  'model.layers.1.self_attn.q_proj': [3, 64, 64],
  'model.layers.1.mlp.down_proj': [1, 128, 64],
};
const GPT2: Layers = { 'transformer.h.1.attn.c_attn': [2, 64, 192], 'transformer.h.1.mlp.c_proj': [1, 256, 64] };

describe.each<[string, string, Layers, object, number[]]>([
  [
    'an expression, ranks and alphas by layer, rank-stabilised',
    'llama3-tiny',
    LLAMA,
    {
      r: 2,
      lora_alpha: 3,
      use_rslora: true,
      target_modules: 'model\\.layers\\.(0\\.self_attn\\.q_proj|1\\.(self_attn\\.q|mlp\\.down)_proj)',
      rank_pattern: { 'layers.1.self_attn.q_proj': 3, down_proj: 1 },
      alpha_pattern: { '^layers.0.self_attn.q_proj': 9, q_proj: 2, 'model.layers.1.self_attn.q_proj': 7 },
    },
    [-6.884855, -9.036887, -5.306978, -4.264078],
  ],
  [
    'some layers, some excluded',
    'gpt2-tiny',
    GPT2,
    {
      r: 2,
      lora_alpha: 3,
      target_modules: ['c_attn', 'c_proj'],
      exclude_modules: ['attn.c_proj'],
      layers_to_transform: [1],
      rank_pattern: { 'mlp\\.c_proj': 1 },
      alpha_pattern: { 'mlp\\.c_proj': 2.5 },
    },
    [-3.796868, -9.799643, -3.981001, -6.039936],
  ],
])('%s', (_, base, layers, config, golden) => {
  const logProbs = async (adapter: string) => {
    using model = await loadModel(fixtureModel(base), { adapter });
    return (await model.scoreTokens(slates))[0]![0]!.logProbs;
  };

  test('has the log-probabilities that PEFT 0.21 gives it, also saved anew', async () => {
    const adapter = await writeAdapter(layers, config);
    const given = await logProbs(adapter);
    expectClose(given, golden, { atol: 1e-5, rtol: 1e-5 });

    using model = await loadModel(fixtureModel(base), { adapter });
    await model.saveAdapter(folder.path('anew'));
    expectClose(await logProbs(folder.path('anew')), given, { atol: 1e-6, rtol: 1e-6 });
    const saved = JSON.parse(readFileSync(join(folder.path('anew'), 'adapter_config.json'), 'utf8'));
    expect(saved).toMatchObject({ target_modules: Object.keys(layers), use_rslora: false });
  });

  test('merged, is the same model', async () => {
    const adapter = await writeAdapter(layers, config);
    using model = await loadModel(fixtureModel(base), { adapter });
    await model.save(folder.path('merged'));
    using merged = await loadModel(folder.path('merged'));
    const [scores] = await merged.scoreTokens(slates);
    expectClose(scores![0]!.logProbs, await logProbs(adapter), { atol: 1e-5, rtol: 1e-5 });
  });
});

const plain = { r: 2, lora_alpha: 3, target_modules: ['q_proj'] };

describe('refused is', () => {
  test.each<[string, object, RegExp]>([
    ['DoRA', { use_dora: true }, /use_dora true is not supported/],
    ['biases', { bias: 'lora_only' }, /bias "lora_only"/],
    ['whole modules', { modules_to_save: ['lm_head'] }, /modules_to_save \["lm_head"\]/],
    ['embeddings of single tokens', { trainable_token_indices: [3] }, /trainable_token_indices/],
    ['first values taken from the base', { init_lora_weights: 'pissa_niter_4' }, /pissa_niter_4.*conversion/],
    ['what is not known', { use_something_new: { k: 1 } }, /use_something_new/],
    ['an expression that would have to run', { alpha_pattern: { '(a+)+': 2 } }, /"\(a\+\)\+" in alpha_pattern/],
  ])('%s', async (_, more, message) => {
    const adapter = await writeAdapter({ 'model.layers.0.self_attn.q_proj': [2, 64, 64] }, { ...plain, ...more });
    await expect(loadModel(fixtureModel('llama3-tiny'), { adapter })).rejects.toMatchObject({
      code: 'UNSUPPORTED_ARCHITECTURE',
      message: expect.stringMatching(message),
    });
  });

  test.each<[string, Layers, object]>([
    ['a file without a layer that is listed', { 'model.layers.0.self_attn.q_proj': [2, 64, 64] }, plain],
    ['one without any', {}, { ...plain, target_modules: 'nothing' }],
    ['an adapter of the head', { ...LLAMA, lm_head: [2, 64, 256] }, { ...plain, target_modules: 'all' }],
    [
      'one whose rank takes no place in the file',
      { 'model.layers.0.self_attn.q_proj': [2 ** 40, 0, 0] },
      { ...plain, layers_to_transform: 0 },
    ],
    ['one of rank 0', { 'model.layers.0.self_attn.q_proj': [0, 64, 64] }, { ...plain, layers_to_transform: 0 }],
  ])('%s', async (_, layers, config) => {
    const adapter = await writeAdapter(layers, config);
    await expect(loadModel(fixtureModel('llama3-tiny'), { adapter })).rejects.toMatchObject({
      code: 'ADAPTER_MISMATCH',
    });
  });

  test('a path that the model does not have, by addLora', async () => {
    using model = await loadModel(fixtureModel('llama3-tiny'));
    const layers = new Map([['model.layers.9.self_attn.q_proj', { rank: 1, alpha: 1 }]]);
    expect(() => model.addLora({ rank: 1, alpha: 1, layers })).toThrowError(
      expect.objectContaining({
        code: 'LORA_OPTION',
        message: expect.stringContaining('model.layers.0.self_attn.q_proj'),
      }),
    );
  });
});
