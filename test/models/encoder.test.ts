import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { layOutSequences } from '../../src/models/encoder-batch.js';
import { loadEncoder, loadModel } from '../../src/models/index.js';
import { fixtureModel } from '../helpers/model-fixtures.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';
import { POOLING, tinyBert, tinyRoberta, WORD_PIECES } from '../helpers/tiny-encoder.js';
import { expectClose } from '../helpers/tolerance.js';

const root = temporaryFolder();
const CPU = { device: 'cpu' } as const;

async function withEncoder<T>(folder: string, use: (encoder: Awaited<ReturnType<typeof loadEncoder>>) => Promise<T>) {
  const encoder = await loadEncoder(folder, CPU);
  try {
    return await use(encoder);
  } finally {
    encoder.dispose();
  }
}

const pieces = (text: string) =>
  withEncoder(tinyBert(root), async ({ sequences }) => sequences!.text(text).ids.map((id) => WORD_PIECES[id]));

describe('WordPiece', () => {
  // The example of the tests of BERT's published tokenizer.
  test('splits into the longest pieces, without case and accents', async () => {
    const expected = ['[CLS]', 'un', '##want', '##ed', ',', 'runn', '##ing', '[SEP]'];
    expect(await pieces('UNwant\u00E9d,running')).toEqual(expected);
  });

  test.each([
    ['an unknown character makes its whole word unknown', 'cat c\u20acat dog', ['cat', '[UNK]', 'dog']],
    ['white space has no tokens', ' \t\n ', []],
    ['an empty text', '', []],
    ['control characters vanish', 'c\u0000a\u0001t', ['cat']],
  ])('%s', async (_, text, expected) => {
    expect(await pieces(text)).toEqual(['[CLS]', ...expected, '[SEP]']);
  });

  test('a vocabulary without an unknown token is refused', async () => {
    const { wordPieceTokenizer } = await import('../helpers/tiny-encoder.js');
    const { unk_token: _, ...model } = wordPieceTokenizer.model;
    const folder = tinyBert(root, { 'tokenizer.json': { ...wordPieceTokenizer, model } });
    await expect(loadEncoder(folder, CPU)).rejects.toThrow(/field "model.unk_token": is missing/);
  });
});

describe('sentence-transformers folders', () => {
  test('embed is embedIds of the tokens, mean-pooled and normalised', () =>
    withEncoder(tinyBert(root), async (encoder) => {
      const texts = ['The cat sleeps.', 'a good film', ''];
      const vectors = await encoder.embed(texts);
      expect(vectors).toEqual(await encoder.embedIds(texts.map((text) => encoder.sequences!.text(text))));
      const { ids } = encoder.sequences!.text(texts[0]!);
      const hidden = await encoder.hidden(ids);
      const mean = Array.from({ length: encoder.dimensions }, (_, d) =>
        ids.reduce((sum, _, row) => sum + hidden[row * encoder.dimensions + d]! / ids.length, 0),
      );
      expectClose(
        vectors[0]!,
        mean.map((value) => value / Math.hypot(...mean)),
        { atol: 1e-6, rtol: 0 },
      );
    }));

  test('cls pooling without normalisation is the first hidden state', () => {
    const folder = tinyBert(root, {
      'modules.json': [
        { idx: 0, name: '0', path: '', type: 'sentence_transformers.models.Transformer' },
        { idx: 1, name: '1', path: '1_Pooling', type: 'sentence_transformers.models.Pooling' },
      ],
    });
    writeFileSync(
      join(folder, POOLING),
      JSON.stringify({ pooling_mode_cls_token: true, pooling_mode_mean_tokens: false }),
    );
    return withEncoder(folder, async (encoder) => {
      const [vector] = await encoder.embed(['bad film']);
      const hidden = await encoder.hidden(encoder.sequences!.text('bad film').ids);
      expectClose(vector!, hidden.subarray(0, encoder.dimensions), { atol: 1e-6, rtol: 0 });
    });
  });

  test('the layout of sentence-transformers 6 is read as the older one', async () => {
    const [module, pooling] = [
      'sentence_transformers.base.modules',
      'sentence_transformers.sentence_transformer.modules',
    ];
    const folder = tinyBert(root, {
      'modules.json': [
        { idx: 0, name: '0', path: '', type: `${module}.transformer.Transformer` },
        { idx: 1, name: '1', path: '1_Pooling', type: `${pooling}.pooling.Pooling` },
        { idx: 2, name: '2', path: '2_Normalize', type: `${module}.normalize.Normalize` },
      ],
      'sentence_bert_config.json': {
        transformer_task: 'feature-extraction',
        modality_config: { text: { method: 'forward', method_output_name: 'last_hidden_state' } },
        module_output_name: 'token_embeddings',
      },
    });
    const config = { embedding_dimension: 8, pooling_mode: 'mean', include_prompt: true };
    writeFileSync(join(folder, POOLING), JSON.stringify(config));
    await withEncoder(folder, async (encoder) => {
      await withEncoder(tinyBert(root), async (older) => {
        expect(await encoder.embed(['cat dog'])).toEqual(await older.embed(['cat dog']));
      });
    });
  });

  test.each([
    [{ transformer_task: 'fill-mask' }, /transformer_task "fill-mask"/],
    [{ modality_config: { text: { method_output_name: 'pooler_output' } } }, /method_output_name "pooler_output"/],
  ])('an encoder that gives something else than hidden states is refused: %j', async (config, message) => {
    await expect(loadEncoder(tinyBert(root, { 'sentence_bert_config.json': config }), CPU)).rejects.toMatchObject({
      code: 'UNSUPPORTED_ARCHITECTURE',
      message: expect.stringMatching(message),
    });
  });

  test('vectors are cut to their first numbers where the folder says so, and keep their values', async () => {
    const cut = tinyBert(root, { 'config_sentence_transformers.json': { truncate_dim: 3 } });
    await withEncoder(cut, async (encoder) => {
      await withEncoder(tinyBert(root), async (whole) => {
        const [[vector], [all]] = [await encoder.embed(['cat dog']), await whole.embed(['cat dog'])];
        expect(encoder.dimensions).toBe(3);
        expect(vector).toEqual(all!.slice(0, 3));
        const ids = [1, 2];
        expect(await encoder.hidden(ids)).toEqual(await whole.hidden(ids));
      });
    });
  });

  test('RoBERTa counts positions past padding ids, as transformers does', () => {
    const { positions } = layOutSequences([{ ids: [0, 5, 1, 6] }, { ids: [7] }], {
      family: 'roberta',
      firstPosition: 2,
    });
    expect([...positions]).toEqual([2, 3, 1, 4, 2]);
    const bert = layOutSequences([{ ids: [0, 5, 1, 6] }], { family: 'bert', firstPosition: 0 });
    expect([...bert.positions]).toEqual([0, 1, 2, 3]);
  });

  test('a folder without modules.json is mean-pooled and not normalised', () =>
    withEncoder(tinyBert(root, { 'modules.json': null }), async (encoder) => {
      const [vector] = await encoder.embed(['bad film']);
      expect(Math.hypot(...vector!)).not.toBeCloseTo(1, 3);
    }));

  test('long texts are cut to the most tokens, and counted', () =>
    withEncoder(tinyBert(root, { 'sentence_bert_config.json': { max_seq_length: 5 } }), async (encoder) => {
      const [long, cut] = await encoder.embed(['cat dog film good bad', 'cat dog film']);
      expect(long).toEqual(cut);
      expect(encoder.cutTexts).toBe(1);
    }));

  test('without a limit of its own the position table is one, also after RoBERTa\u2019s offset', () =>
    withEncoder(tinyRoberta(root), async ({ sequences, config }) => {
      expect(config.context).toBe(64);
      expect(sequences!.text('x'.repeat(100))).toMatchObject({ ids: { length: 64 }, cut: 38 });
    }));

  test('a prompt by default stands before every text, and texts are lower-cased where asked for', () => {
    const config = { prompts: { query: 'cat ' }, default_prompt_name: 'query' };
    return withEncoder(tinyBert(root, { 'config_sentence_transformers.json': config }), async (encoder) => {
      await withEncoder(tinyBert(root), async (plain) => {
        expect(await encoder.embed(['dog'])).toEqual(await plain.embed(['cat dog']));
      });
    });
  });

  test.each([
    ['two poolings', { pooling_mode_cls_token: true, pooling_mode_mean_tokens: true }, /pooling by cls with mean/],
    ['two poolings in a list', { pooling_mode: ['cls', 'max'] }, /pooling by cls with max/],
    ['another pooling by its name', { pooling_mode: 'lasttoken' }, /pooling by lasttoken is not supported/],
    ['another pooling', { pooling_mode_max_tokens: true }, /pooling by pooling_mode_max_tokens is not supported/],
    ['no pooling', {}, /names no mode/],
  ])('%s are refused', async (_, config, message) => {
    const folder = tinyBert(root);
    writeFileSync(join(folder, POOLING), JSON.stringify(config));
    await expect(loadEncoder(folder, CPU)).rejects.toMatchObject({
      code: 'UNSUPPORTED_ARCHITECTURE',
      message: expect.stringMatching(message),
    });
  });

  test('other modules are refused', async () => {
    const modules = ['Transformer', 'Pooling', 'Dense'].map((name) => ({
      path: '',
      type: `sentence_transformers.models.${name}`,
    }));
    const folder = tinyBert(root, { 'modules.json': modules });
    await expect(loadEncoder(folder, CPU)).rejects.toThrow(/the modules Transformer, Pooling, Dense is not supported/);
  });
});

describe('pairs', () => {
  test('of BERT have two types', () =>
    withEncoder(tinyBert(root), async ({ sequences }) => {
      const { ids, types } = sequences!.pair('cat', 'bad dog');
      expect(ids.map((id) => WORD_PIECES[id])).toEqual(['[CLS]', 'cat', '[SEP]', 'bad', 'dog', '[SEP]']);
      expect(types).toEqual([0, 0, 0, 1, 1, 1]);
    }));

  test('of RoBERTa have two separators and one type; the longer text is cut', () =>
    withEncoder(tinyRoberta(root), async ({ sequences }) => {
      expect(sequences!.pair('a', 'b')).toEqual({ ids: [0, 100, 2, 2, 101, 2], types: undefined, cut: 0 });
      const { ids, cut } = sequences!.pair('a'.repeat(80), 'b'.repeat(20));
      expect(ids).toHaveLength(64);
      expect(cut).toBe(40);
      expect(ids.filter((id) => id === 101)).toHaveLength(20);
    }));
});

describe('refusals', () => {
  test.each([
    ['a causal model', () => loadEncoder(fixtureModel('gpt2-tiny'), CPU), 'INVALID_JSON'],
    [
      'an encoder as a language model',
      () => loadModel(fixtureModel('bert-tiny-minilm'), CPU),
      'UNSUPPORTED_ARCHITECTURE',
    ],
    ['a missing folder', () => loadEncoder(join(root, 'nowhere'), CPU), 'MODEL_NOT_FOUND'],
    [
      'an unknown dtype',
      () => loadEncoder(fixtureModel('bert-tiny-minilm'), { ...CPU, dtype: 'f16' as 'f32' }),
      'DTYPE',
    ],
    [
      'special tokens without names',
      () => loadEncoder(tinyBert(root, { 'tokenizer_config.json': {} }), CPU),
      'INVALID_TOKENIZER',
    ],
  ])('%s', async (_, load, code) => {
    await expect(load()).rejects.toMatchObject({ code });
  });

  test.each([
    ['an id outside the vocabulary', [300], undefined, 'TOKEN_OUT_OF_RANGE'],
    ['too many tokens', Array(65).fill(1), undefined, 'CONTEXT_OVERFLOW'],
    ['no token', [], undefined, 'EMPTY_PROMPT'],
    ['a type that is none', [1, 2], [0, 2], 'TOKEN_TYPE'],
    ['types that do not fit', [1, 2], [0], 'TOKEN_TYPE'],
  ])('%s', (_, ids, types, code) =>
    withEncoder(fixtureModel('bert-tiny-minilm'), async (encoder) => {
      await expect(encoder.hidden(ids, types)).rejects.toMatchObject({ code });
    }),
  );

  test('what a checkpoint does not have', () =>
    withEncoder(fixtureModel('bert-tiny-minilm'), async (encoder) => {
      await expect(encoder.classify([1])).rejects.toMatchObject({ code: 'NO_HEAD' });
      await expect(encoder.embed(['a'])).rejects.toMatchObject({ code: 'NO_TOKENIZER' });
    }));
});
