/**
 * What we save is laid out as the libraries write it that have to read it: the fixtures were written in the layout of
 * transformers, and the names and shapes of adapters are those that PEFT gives them (src/peft/utils/save_and_load.py:
 * the module's name after "base_model.model.", and no adapter name).
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { adamW } from '../../src/align/optimizer.js';
import { loadModel } from '../../src/models/load.js';
import { CAUSAL_FIXTURES, fixtureModel, randomIds } from '../helpers/model-fixtures.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';

const folder = temporaryFolder();

interface Header {
  metadata: unknown;
  tensors: Map<string, { dtype: string; shape: number[] }>;
}

/** Read without our own reader, of all safetensors files of a folder. */
function headersOf(path: string): Header[] {
  const files = readdirSync(path).filter((name) => name.endsWith('.safetensors'));
  return files.map((name) => {
    const bytes = readFileSync(join(path, name));
    const { __metadata__: metadata, ...tensors } = JSON.parse(
      bytes.subarray(8, 8 + Number(bytes.readBigUInt64LE())).toString(),
    );
    const entries = Object.entries<{ dtype: string; shape: number[] }>(tensors);
    return { metadata, tensors: new Map(entries.map(([key, { dtype, shape }]) => [key, { dtype, shape }])) };
  });
}

async function train(model: Awaited<ReturnType<typeof loadModel>>): Promise<void> {
  using optimizer = adamW(model, { lr: 0.01 });
  await model.accumulateGradient([{ prompt: randomIds(5, 1), responses: [randomIds(4, 2)] }], [[1]]);
  await optimizer.step();
}

describe.each(CAUSAL_FIXTURES)('%s', (name) => {
  test('trained and saved, has the tensors of the original, as f32', async () => {
    using model = await loadModel(fixtureModel(name));
    await train(model);
    const saved = join(folder, name);
    await model.save(saved);
    const [ours, ...others] = headersOf(saved);
    expect(others).toEqual([]);
    const theirs = headersOf(fixtureModel(name));
    expect(ours!.metadata).toEqual(theirs[0]!.metadata);
    const isBuffer = (key: string) => /^h\.\d+\.attn\.bias$/.test(key);
    const wanted = theirs
      .flatMap(({ tensors }) => [...tensors])
      .filter(([key]) => !isBuffer(key))
      .map(([key, { shape }]) => [key, { dtype: 'F32', shape }] as const);
    expect(new Map([...ours!.tensors].sort())).toEqual(new Map([...wanted].sort()));
  });

  test('its adapters have the names and shapes that PEFT gives them, and their settings', async () => {
    using model = await loadModel(fixtureModel(name));
    const isGpt2 = name.startsWith('gpt2');
    const targets = isGpt2
      ? ['c_attn', 'c_fc']
      : name.startsWith('phi3')
        ? ['qkv_proj', 'o_proj']
        : ['q_proj', 'v_proj'];
    model.addLora({ rank: 3, alpha: 6, dropout: 0.1, targetModules: targets });
    await train(model);
    const saved = join(folder, `${name}-adapter`);
    await model.saveAdapter(saved);
    const [ours] = headersOf(saved);
    const base = headersOf(fixtureModel(name)).flatMap(({ tensors }) => [...tensors]);
    const wanted = base.flatMap(([key, { shape }]) => {
      const module = /^(?:transformer\.|model\.)?((?:h|layers)\.\d+\..*\.(\w+))\.weight$/.exec(key);
      if (!module || !targets.includes(module[2]!)) return [];
      // Conv1D of GPT-2 stores [in, out]; the module of the library's own model is under "transformer" or "model".
      const [inputs, outputs] = isGpt2 ? shape : [...shape].reverse();
      const path = `base_model.model.${isGpt2 ? 'transformer' : 'model'}.${module[1]}`;
      return [
        [`${path}.lora_A.weight`, { dtype: 'F32', shape: [3, inputs] }],
        [`${path}.lora_B.weight`, { dtype: 'F32', shape: [outputs, 3] }],
      ] as const;
    });
    expect(wanted.length).toBe(2 * 2 * targets.length);
    expect(new Map([...ours!.tensors].sort())).toEqual(new Map([...wanted].sort() as never));
    expect(ours!.metadata).toEqual({ format: 'pt' });
    expect(JSON.parse(readFileSync(join(saved, 'adapter_config.json'), 'utf8'))).toMatchObject({
      peft_type: 'LORA',
      task_type: 'CAUSAL_LM',
      base_model_name_or_path: fixtureModel(name),
      r: 3,
      lora_alpha: 6,
      lora_dropout: 0.1,
      target_modules: targets,
      fan_in_fan_out: isGpt2,
      bias: 'none',
    });
  });
});
