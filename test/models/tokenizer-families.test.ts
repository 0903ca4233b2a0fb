import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Tokenizer } from '../../src/models/tokenizer.js';
import fc from '../helpers/properties.js';
import { slowEncode } from '../helpers/slow-bpe.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';
import { buildTokenizer, type TokenizerFamily } from '../helpers/tokenizer-builder.js';

const root = temporaryFolder();

const TEXTS = [
  '',
  ' ',
  '  ',
  '   x',
  '\n',
  '\n\n',
  ' \n ',
  '\r\n\r\n',
  '\t\n x',
  'x \n\n  y',
  'trailing  ',
  'a\u00a0b',
  'a\u3000\u3000b',
  '\u0085',
  'a\u0085b',
  'x\ufeffy',
  '\ufeff',
  ' \ufeff\ufeff ',
  '\u200b\u200d',
  "isn't ISN'T they'RE I'Ll 'sx 'S' 'tt 'v've",
  "''s '",
  '’s',
  "x'\n",
  '1234567',
  ' 12 345',
  '½²³٣४',
  '12a34',
  '$%^ &*\n\n(',
  ' !\n',
  '!!\r\n\r\nx',
  'Straße',
  'e\u0301te\u0301',
  '\u1e9b\u0323',
  '你好世界',
  '🙂👩‍👩‍👧 🏳️‍🌈',
  ' zq zqzq xyzzy axyzzy 777 7777',
  '<|begin|>hi<|end|> x',
  '<|end|>x',
  '<|end|>',
  ' <|end|>\n<|begin',
  '<|end|><|end|>',
  '\u0000\u0001',
  '__proto__ constructor toString',
  'a'.repeat(300),
  ' '.repeat(70),
  '9'.repeat(50),
];

/** Words, spaces, digits, marks and symbols that meet the rules more often than random characters do. */
const fragment = fc.oneof(
  fc.constantFrom(
    ' ',
    '  ',
    '\n',
    '\r\n',
    '\t',
    '\u00a0',
    '\u0085',
    '\ufeff',
    '\u2028',
    "'",
    "'s",
    "'RE",
    "'ll",
    '.',
    '!?',
    '<|end|>',
    '<|',
    'zq',
    'the',
    ' cat',
    '777',
    '½',
  ),
  fc.string({ maxLength: 3 }),
  fc.string({ unit: 'binary', maxLength: 3 }),
  fc.string({ unit: 'grapheme', maxLength: 3 }),
  fc.nat(99999).map(String),
);
const anyText = fc.array(fragment, { maxLength: 14 }).map((parts) => parts.join(''));

const families: TokenizerFamily[] = ['gpt2', 'llama3', 'qwen', 'sentencepiece'];
describe.each(families.flatMap((family) => [false, true].map((pairs) => ({ family, pairs }))))(
  '$family, merges as pairs: $pairs',
  ({ family, pairs }) => {
    const { json, slow } = buildTokenizer(family, pairs);
    const folder = join(root, `${family}-${pairs}`);
    mkdirSync(folder);
    writeFileSync(join(folder, 'tokenizer.json'), JSON.stringify(json));
    // SentencePiece writes spaces as U+2581, and one more before whatever follows an added token.
    const decoded = (text: string) =>
      family === 'sentencepiece' ? text.replaceAll('\u2581', ' ') : slow.normalize(text);
    const decodesToItself = (text: string) =>
      family !== 'sentencepiece' || !Object.keys(slow.addedTokens).some((token) => text.includes(token));
    const load = async () => (await Tokenizer.load(folder))!;

    test('fixed texts give the ids of the slow reference and decode to themselves', async () => {
      const tokenizer = await load();
      for (const text of TEXTS) {
        const ids = tokenizer.encode(text);
        expect([text, ids]).toEqual([text, slowEncode(slow, text)]);
        if (decodesToItself(text)) expect(tokenizer.decode(ids)).toBe(decoded(text));
      }
    });

    test('random texts give the ids of the slow reference and decode to themselves', async () => {
      const tokenizer = await load();
      fc.assert(
        fc.property(anyText, (text) => {
          const ids = tokenizer.encode(text);
          expect(ids).toEqual(slowEncode(slow, text));
          if (decodesToItself(text)) expect(tokenizer.decode(ids)).toBe(decoded(text));
        }),
        { numRuns: 1500, seed: 7 },
      );
    });
  },
);

test('ignore_merges takes whole words that no merge reaches', async () => {
  const llama = (await Tokenizer.load(join(root, 'llama3-true')))!;
  expect(llama.encode('xyzzy')).toHaveLength(1);
  const qwen = (await Tokenizer.load(join(root, 'qwen-true')))!;
  expect(qwen.encode('xyzzy').length).toBeGreaterThan(1);
});
