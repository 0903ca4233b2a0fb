import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { DataError } from '../../src/errors.js';
import { Tokenizer } from '../../src/models/tokenizer.js';
import { sharedPath } from '../helpers/shared.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';
import { buildTokenizer } from '../helpers/tokenizer-builder.js';

describe.each(['gpt-2', 'phi-3'])('%s', (name) => {
  const folder = sharedPath(`fixtures/tokenizers/${name}`);
  test.skipIf(!folder)('all recorded cases encode to the recorded ids and decode back', async () => {
    const tokenizer = (await Tokenizer.load(folder!))!;
    const { cases } = JSON.parse(readFileSync(join(folder!, 'cases.json'), 'utf8'));
    expect(cases).toHaveLength(46);
    for (const { text, ids } of cases) {
      expect(tokenizer.encode(text)).toEqual(ids);
      expect(tokenizer.decode(ids)).toBe(text);
    }
    expect(tokenizer.addsBos).toBe(false);
  });
});

const stories = sharedPath('fixtures/pretrained/stories260K');
test.skipIf(!stories)('stories260K: BOS is added before raw text, ids of the recorded prompt', async () => {
  const tokenizer = (await Tokenizer.load(join(stories!, 'hf')))!;
  const expected = JSON.parse(readFileSync(join(stories!, 'expected.json'), 'utf8'));
  expect(tokenizer).toMatchObject({ bosId: 1, eosId: 2, addsBos: true, chatTemplate: null });
  expect([tokenizer.bosId, ...tokenizer.encode(expected.prompt)]).toEqual(expected.input_ids);
  // The recorded text goes on after the recorded ids.
  const text = tokenizer.decode(expected.greedy_ids_from_bos, { skipSpecial: true });
  expect(expected.greedy_text_from_bos.startsWith(text)).toBe(true);
  expect(text.length).toBeGreaterThan(200);
});

/** A small valid folder, then the given changes: text replaces a file, an object is merged into tokenizer.json's. */
function folderWith(files: Record<string, string | object>): string {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'tokenizer.json'), JSON.stringify(buildTokenizer('llama3', true).json));
  for (const [name, content] of Object.entries(files)) {
    writeFileSync(join(folder, name), typeof content === 'string' ? content : JSON.stringify(content));
  }
  return folder;
}

// biome-ignore lint/suspicious/noExplicitAny: files are broken on purpose, against every type
type Json = Record<string, any>;

function changed(change: (json: Json) => void): string {
  const json = structuredClone(buildTokenizer('llama3', true).json) as Json;
  change(json);
  return JSON.stringify(json);
}

describe('special tokens', () => {
  const names = { bos_token: '<|begin|>', eos_token: { content: '<|end|>', lstrip: false } };

  test('come from tokenizer_config.json, as text or object', async () => {
    const tokenizer = (await Tokenizer.load(folderWith({ 'tokenizer_config.json': names })))!;
    expect(tokenizer.decode([tokenizer.bosId!, tokenizer.eosId!])).toBe('<|begin|><|end|>');
    expect(tokenizer.isAdded(tokenizer.eosId!)).toBe(true);
    expect(tokenizer.isAdded(65)).toBe(false);
    expect(tokenizer.addsBos).toBe(false);
  });

  test('else from special_tokens_map.json, else from generation_config.json', async () => {
    const map = (await Tokenizer.load(folderWith({ 'special_tokens_map.json': names })))!;
    const generation = { bos_token_id: map.bosId, eos_token_id: [map.eosId, 3] };
    const ids = (await Tokenizer.load(folderWith({ 'generation_config.json': generation })))!;
    expect([ids.bosId, ids.eosId]).toEqual([map.bosId, map.eosId]);
    expect(ids.eosIds).toEqual([map.eosId, 3]);
    const both = { 'special_tokens_map.json': names, 'generation_config.json': { eos_token_id: [5, map.eosId] } };
    expect((await Tokenizer.load(folderWith(both)))!.eosIds).toEqual([map.eosId, 5]);
    const none = (await Tokenizer.load(folderWith({})))!;
    expect([none.bosId, none.eosId]).toEqual([null, null]);
  });

  test('BOS is added where add_bos_token or the post-processor says so; the first wins', async () => {
    const withProcessor = changed((json) => {
      const id = json.added_tokens[0].id;
      const special = { '<|begin|>': { id: '<|begin|>', ids: [id], tokens: ['<|begin|>'] } };
      const single = [{ SpecialToken: { id: '<|begin|>', type_id: 0 } }, { Sequence: { id: 'A', type_id: 0 } }];
      json.post_processor = { type: 'TemplateProcessing', single, pair: single, special_tokens: special };
    });
    const added = async (files: Record<string, string | object>) => (await Tokenizer.load(folderWith(files)))!.addsBos;
    const config = (add_bos_token?: boolean) => ({ 'tokenizer_config.json': { ...names, add_bos_token } });
    expect(await added({ ...config(), 'tokenizer.json': withProcessor })).toBe(true);
    expect(await added({ ...config(false), 'tokenizer.json': withProcessor })).toBe(false);
    expect(await added(config(true))).toBe(true);
  });

  test('the hash changes with every file', async () => {
    const hashes = await Promise.all(
      [{}, { 'tokenizer_config.json': names }, { 'tokenizer_config.json': {} }, { 'chat_template.jinja': 'x' }].map(
        async (files) => (await Tokenizer.load(folderWith(files)))!.hash,
      ),
    );
    expect(new Set(hashes).size).toBe(4);
    expect(hashes[0]).toMatch(/^sha256:[0-9a-f]{64}$/);
  });
});

test('texts of BPE keep their spaces before punctuation, unless they are really not wanted', async () => {
  const decoded = async (config: object) => {
    const tokenizer = (await Tokenizer.load(folderWith({ 'tokenizer_config.json': config })))!;
    return tokenizer.decode(tokenizer.encode('a , b .'));
  };
  const clean = { clean_up_tokenization_spaces: true };
  expect(await decoded({})).toBe('a , b .');
  expect(await decoded(clean)).toBe('a , b .');
  const name = 'clean_up_tokenization_spaces_for_bpe_even_though_it_will_corrupt_output';
  expect(await decoded({ ...clean, [name]: true })).toBe('a, b.');
});

test('a folder without tokenizer.json has no tokenizer', async () => {
  expect(await Tokenizer.load(temporaryFolder())).toBeNull();
});

describe('broken files are named with their field', () => {
  const cases: [string, Record<string, string | object>, RegExp][] = [
    ['not JSON', { 'tokenizer.json': '{' }, /tokenizer\.json: not JSON/],
    ['no model', { 'tokenizer.json': '{}' }, /tokenizer\.json: field "model"/],
    [
      'another kind of model',
      {
        'tokenizer.json': changed((json) => {
          json.model.type = 'Unigram';
        }),
      },
      /"model\.type".*BPE/,
    ],
    [
      'vocab is an array',
      {
        'tokenizer.json': changed((json) => {
          json.model.vocab = [];
        }),
      },
      /"model\.vocab"/,
    ],
    [
      'an id is text',
      {
        'tokenizer.json': changed((json) => {
          json.model.vocab.a = 'x';
        }),
      },
      /"model\.vocab\.a": expected a token id/,
    ],
    [
      'an id twice',
      {
        'tokenizer.json': changed((json) => {
          json.model.vocab.a = 3;
        }),
      },
      /id of its own/,
    ],
    [
      'a merge of one part',
      {
        'tokenizer.json': changed((json) => {
          json.model.merges[4] = ['a'];
        }),
      },
      /"model\.merges\.4"/,
    ],
    [
      'mixed merges',
      {
        'tokenizer.json': changed((json) => {
          json.model.merges[4] = 'a b';
        }),
      },
      /"model\.merges\.4".*pair/,
    ],
    [
      'an added token without id',
      {
        'tokenizer.json': changed((json) => {
          delete json.added_tokens[0].id;
        }),
      },
      /"added_tokens\.0\.id"/,
    ],
    [
      'unknown pre-tokenizer',
      {
        'tokenizer.json': changed((json) => {
          json.pre_tokenizer = { type: 'Foo' };
        }),
      },
      /tokenizer\.json: cannot be used.*Foo/,
    ],
    [
      'unknown pattern',
      {
        'tokenizer.json': changed((json) => {
          json.pre_tokenizer.pretokenizers[0].pattern = { Glob: '*' };
        }),
      },
      /"pre_tokenizer\.pretokenizers\.0\.pattern"/,
    ],
    [
      'unknown normalizer',
      {
        'tokenizer.json': changed((json) => {
          json.normalizer = { type: 'Foo' };
        }),
      },
      /Foo/,
    ],
    ['broken config', { 'tokenizer_config.json': '[' }, /tokenizer_config\.json: not JSON/],
    ['wrong type', { 'tokenizer_config.json': { bos_token: 3 } }, /tokenizer_config\.json: field "bos_token"/],
    ['an unknown special token', { 'tokenizer_config.json': { eos_token: '<eos>' } }, /"eos_token": "<eos>" is not in/],
    [
      'no default template',
      { 'tokenizer_config.json': { chat_template: [{ name: 'rag', template: '' }] } },
      /"chat_template".*"rag"/,
    ],
    [
      'broken generation config',
      { 'generation_config.json': { eos_token_id: -1 } },
      /generation_config\.json: field "eos_token_id"/,
    ],
  ];
  test.each(cases)('%s', async (_, files, message) => {
    const error: unknown = await Tokenizer.load(folderWith(files)).catch((error) => error);
    expect(error).toBeInstanceOf(DataError);
    expect((error as Error).message).toMatch(message);
  });

  test('what the library stumbles over only when it is used', async () => {
    const encoding = changed((json) => {
      json.post_processor = { type: 'BertProcessing', sep: ['</s>', 1] };
    });
    await expect(Tokenizer.load(folderWith({ 'tokenizer.json': encoding }))).rejects.toMatchObject({
      code: 'INVALID_TOKENIZER',
      message: expect.stringMatching(/tokenizer\.json: cannot be used on "a": .*undefined/),
    });
  });

  test('a vocabulary that would lose parts of a text', async () => {
    const lacking = changed((json) => {
      delete json.model.vocab.q;
    });
    await expect(Tokenizer.load(folderWith({ 'tokenizer.json': lacking }))).rejects.toThrow(
      /no token for the byte 113/,
    );
  });
});
