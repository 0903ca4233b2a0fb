import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { allWords, LANGUAGE } from '../../../../src/experiments/worlds/text/language.js';
import { writeWorldModel } from '../../../../src/experiments/worlds/text/model.js';
import { textWorld } from '../../../../src/experiments/worlds/text/text-world.js';
import { vocabularySize } from '../../../../src/experiments/worlds/text/tokenizer.js';
import { SlateEncoder } from '../../../../src/models/encode-slate.js';
import { loadModel } from '../../../../src/models/load.js';
import { Tokenizer } from '../../../../src/models/tokenizer.js';
import fc from '../../../helpers/properties.js';
import { temporaryFolder } from '../../../helpers/temporary-folder.js';

const folder = temporaryFolder();
const path = join(folder, 'model');
const world = textWorld('pluralistic');
let tokenizer: Tokenizer;

beforeAll(async () => {
  await writeWorldModel(path, { seed: 5 });
  tokenizer = (await Tokenizer.load(path))!;
});

describe('the tokenizer of the text worlds', () => {
  it('has one token for every word and mark, end included, and gives the text back', () => {
    const words = allWords(LANGUAGE).length;
    for (const [query, texts] of world.sample('base', 'test', 20)) {
      const { prompt } = world.query(query);
      expect(tokenizer.decode(tokenizer.encode(prompt))).toBe(prompt);
      expect(tokenizer.encode(prompt)).toHaveLength(prompt.split(' ').length + 1);
      for (const text of texts) {
        const ids = tokenizer.encode(text);
        expect(tokenizer.decode(ids)).toBe(text);
        expect(ids).toHaveLength(world.tokens(text) - 1);
        expect(ids.slice(0, -1).every((id) => id >= 2 && id < 2 + words)).toBe(true);
      }
    }
  });

  it('gives any text back that does not begin with a space', () => {
    const text = fc
      .string({ unit: 'grapheme', minLength: 1 })
      .filter((value) => !value.startsWith(' ') && !value.includes('<'));
    fc.assert(
      fc.property(text, (value) => {
        const ids = tokenizer.encode(value);
        expect(ids.every((id) => id >= 0 && id < vocabularySize(LANGUAGE))).toBe(true);
        expect(tokenizer.decode(ids)).toBe(value);
      }),
      { numRuns: 200 },
    );
  });

  it('begins prompts with <s> and ends answers with </s>', () => {
    expect(tokenizer).toMatchObject({ bosId: 0, eosId: 1, addsBos: true, chatTemplate: null });
    const [slate] = world.log('train', { slates: 1 });
    const { promptIds, responses } = new SlateEncoder(tokenizer, 64).encode(slate!);
    expect(promptIds[0]).toBe(0);
    for (const [k, { ids, tokens }] of responses.entries()) {
      expect(ids.at(-1)).toBe(1);
      expect(tokens).toBe(slate!.responses[k]!.logging!.tokens);
      expect(tokenizer.decode(ids, { skipSpecial: true })).toBe(slate!.responses[k]!.text);
    }
  });
});

describe('the untrained model of the text worlds', () => {
  it('loads and predicts almost uniformly', async () => {
    using model = await loadModel(path);
    const encoder = new SlateEncoder(tokenizer, 64);
    const uniform = Math.log(vocabularySize(LANGUAGE));
    for (const slate of world.log('test', { slates: 2 })) {
      const { promptIds, responses } = encoder.encode(slate);
      const [scores] = await model.scoreTokens([{ prompt: promptIds, responses: responses.map(({ ids }) => ids) }]);
      // The logits' standard deviation is 0.02 sqrt(64) = 0.16, and a response has six tokens or more.
      for (const { mean } of scores!) expect(Math.abs(mean + uniform)).toBeLessThan(0.3);
    }
  });

  it('is a function of its options', async () => {
    const weightsOf = (name: string) => readFile(join(folder, name, 'model.safetensors'));
    await writeWorldModel(join(folder, 'same'), { seed: 5 });
    await writeWorldModel(join(folder, 'other'), { seed: 6 });
    expect(await weightsOf('same')).toEqual(await weightsOf('model'));
    expect(await weightsOf('other')).not.toEqual(await weightsOf('model'));
    await writeWorldModel(join(folder, 'small'), { layers: 1, width: 16, heads: 2, intermediate: 24 });
    const config: unknown = JSON.parse(await readFile(join(folder, 'small/config.json'), 'utf8'));
    expect(config).toMatchObject({ num_hidden_layers: 1, hidden_size: 16, num_attention_heads: 2 });
    await expect(writeWorldModel(join(folder, 'odd'), { width: 63 })).rejects.toMatchObject({
      code: 'UNSUPPORTED_ARCHITECTURE',
    });
  });
});
