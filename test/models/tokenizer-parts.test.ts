/** The parts of a tokenizer, each against what the reference implementation (tokenizers 0.23.2) gives. */
import { describe, expect, test } from 'vitest';
import { createTokenizer } from '../../src/models/create-tokenizer.js';
import type { LibraryTokenizer } from '../../src/models/library-tokenizer.js';

const LETTERS = 'abxyé \ufeff\u0085_<e>E';

/** A tokenizer whose tokens are characters. */
function characters(parts: object): LibraryTokenizer {
  const vocab = Object.fromEntries(['?', ...new Set(LETTERS)].map((letter, id) => [letter, id]));
  const model = { type: 'BPE' as const, vocab, merges: [], unk_token: '?' };
  const none = { normalizer: null, pre_tokenizer: null, post_processor: null, decoder: null, added_tokens: [] };
  return createTokenizer('tokenizer.json', { ...none, ...parts, model }, {});
}

const split = (behavior: string, invert = false) => ({ type: 'Split', pattern: { Regex: 'x' }, behavior, invert });
const punctuation = (behavior: string) => ({ type: 'Punctuation', behavior });

test.each<[object, string, string[]]>([
  [
    { type: 'Whitespace' },
    'año_1 x\ufeffy\u0085z e\u0301—x²',
    ['año_1', 'x', '\ufeff', 'y', 'z', 'e\u0301', '—', 'x', '²'],
  ],
  [{ type: 'WhitespaceSplit' }, 'a\ufeffb\u0085c  d', ['a\ufeffb', 'c', 'd']],
  [{ type: 'Digits', individual_digits: true }, 'a½ 12٣b', ['a', '½', ' ', '1', '2', '٣', 'b']],
  [{ type: 'Digits', individual_digits: false }, 'a½ 12٣b', ['a', '½', ' ', '12٣', 'b']],
  [{ type: 'BertPreTokenizer' }, 'x\ufeffy\u0085z!?', ['x\ufeffy', 'z', '!', '?']],
  [punctuation('Isolated'), '!a!!b…$c', ['!', 'a', '!', '!', 'b', '…', '$', 'c']],
  [punctuation('Removed'), '!a!!b…$c', ['a', 'b', 'c']],
  [punctuation('Contiguous'), '!a!!b…$c', ['!', 'a', '!!', 'b', '…$', 'c']],
  [punctuation('MergedWithPrevious'), '!a!!b…$c', ['!', 'a!', '!', 'b…', '$', 'c']],
  [punctuation('MergedWithNext'), '!a!!b…$c', ['!a', '!', '!b', '…', '$c']],
  [split('Isolated'), 'xaxxbcx', ['x', 'a', 'x', 'x', 'bc', 'x']],
  [split('Isolated', true), 'xaxxbcx', ['x', 'a', 'x', 'x', 'bc', 'x']],
  [split('Removed'), 'xaxxbcx', ['a', 'bc']],
  [split('Removed', true), 'xaxxbcx', ['x', 'x', 'x', 'x']],
  [split('Contiguous'), 'xaxxbcx', ['x', 'a', 'xx', 'bc', 'x']],
  [split('Contiguous', true), 'xaxxbcx', ['x', 'a', 'xx', 'bc', 'x']],
  [split('MergedWithPrevious'), 'xaxxbcx', ['x', 'ax', 'x', 'bcx']],
  [split('MergedWithPrevious', true), 'xaxxbcx', ['xa', 'x', 'xbc', 'x']],
  [split('MergedWithNext'), 'xaxxbcx', ['xa', 'x', 'xbc', 'x']],
  [split('MergedWithNext', true), 'xaxxbcx', ['x', 'ax', 'x', 'bcx']],
  [{ type: 'Metaspace', replacement: '▁', prepend_scheme: 'always', split: true }, 'a  b c', ['▁a', '▁', '▁b', '▁c']],
  [{ type: 'Metaspace', replacement: '▁', prepend_scheme: 'never', split: false }, 'a  b c', ['a▁▁b▁c']],
  [{ type: 'Metaspace', add_prefix_space: false, split: false }, 'a b', ['a▁b']],
  [{ type: 'Sequence', pretokenizers: [{ type: 'WhitespaceSplit' }, split('Isolated')] }, 'ax b', ['a', 'x', 'b']],
])('pre-tokenizer %j divides %j', (pre_tokenizer, text, words) => {
  expect(characters({ pre_tokenizer }).pre_tokenizer!(text, { section_index: 0 })).toEqual(words);
});

test('Metaspace marks the first word only at the beginning of the text, where it is told so', () => {
  const { pre_tokenizer } = characters({ pre_tokenizer: { type: 'Metaspace', prepend_scheme: 'first' } });
  expect(pre_tokenizer!('a b', { section_index: 0 })).toEqual(['▁a', '▁b']);
  expect(pre_tokenizer!('a b', { section_index: 1 })).toEqual(['a', '▁b']);
});

const bert = { clean_text: true, handle_chinese_chars: true, strip_accents: null, lowercase: true };

test.each<[object, string, string]>([
  [{ type: 'Lowercase' }, 'ΑΣ ΟΔΟΣ', 'ασ οδοσ'],
  [{ type: 'Strip', strip_left: true, strip_right: true }, '\u0085\ufeffx \u2003', '\ufeffx'],
  [{ type: 'Strip', strip_left: true, strip_right: false }, ' x ', 'x '],
  [{ type: 'BertNormalizer', ...bert }, 'ΑΣ É\u{2000b}\u0000\ufeff\tx', 'ασ e \u{2000b}  x'],
  [{ type: 'BertNormalizer', ...bert, strip_accents: true, lowercase: false }, 'ÀΣ', 'AΣ'],
  [
    { type: 'BertNormalizer', clean_text: false, handle_chinese_chars: false, strip_accents: false, lowercase: false },
    'É你\ufeff\u0085',
    'É你\ufeff\u0085',
  ],
  [{ type: 'Sequence', normalizers: [{ type: 'NFC' }, { type: 'Lowercase' }] }, 'E\u0301Σ', 'éσ'],
])('normalizer %j changes %j', (normalizer, text, normalized) => {
  expect(characters({ normalizer }).normalizer!(text)).toBe(normalized);
});

describe('added tokens', () => {
  const token = (content: string, id: number, more: object) => ({
    content,
    id,
    normalized: false,
    special: false,
    ...more,
  });

  test.each<[string, object[], object | null, string, string[]]>([
    [
      'take the white space after them',
      [token('<e>', 14, { rstrip: true })],
      null,
      'a<e> \u0085\ufeff b',
      ['a', '<e>', '\ufeff', ' ', 'b'],
    ],
    [
      'take the white space before them',
      [token('<e>', 14, { lstrip: true })],
      null,
      'a \ufeff\u0085 <e> b',
      ['a', ' ', '\ufeff', '<e>', ' ', 'b'],
    ],
    ['are all that there is', [token('<e>', 14, { lstrip: true })], null, '  <e>', ['<e>']],
    [
      'are words of their own',
      [token('ab', 14, { single_word: true })],
      null,
      'ab xab ab_ éab <ab> ab',
      [...['ab', ' ', 'x', 'a', 'b', ' ', 'a', 'b', '_', ' ', 'é', 'a', 'b', ' '], ...['<', 'ab', '>', ' ', 'ab']],
    ],
    [
      'are white space that another has taken',
      [token('<e>', 14, { rstrip: true }), token('  ', 15, {})],
      null,
      '<e>   a  b',
      ['<e>', '  ', ' ', 'a', '  ', 'b'],
    ],
    [
      'are found in what a normalizer makes',
      [token('<E>', 14, { normalized: true }), token('AB', 15, {})],
      { type: 'Lowercase' },
      'a<E>b<e>AB ab',
      ['a', '<e>', 'b', '<e>', 'AB', ' ', 'a', 'b'],
    ],
  ])('%s', (_, added_tokens, normalizer, text, tokens) => {
    expect(characters({ added_tokens, normalizer }).encode_text(text)).toEqual(tokens);
  });
});

test.each<[object, string[], string]>([
  [
    { type: 'Sequence', decoders: [{ type: 'ByteFallback' }, { type: 'Fuse' }] },
    ['a', '<0xC3>', '<0xA9>', 'b', '<0x24>', '<0x89>', 'c', '<0xEF>', '<0xBB>', '<0xBF>'],
    'aéb\ufffd\ufffdc\ufeff',
  ],
  [{ type: 'Metaspace', replacement: '▁', prepend_scheme: 'always' }, ['▁▁a', '▁b'], 'a b'],
  [{ type: 'Metaspace', replacement: '▁', prepend_scheme: 'never' }, ['▁▁a', '▁b'], '  a b'],
])('decoder %j writes %j', (decoder, tokens, text) => {
  expect(characters({ decoder }).decoder!.decode_chain(tokens).join('')).toBe(text);
});
