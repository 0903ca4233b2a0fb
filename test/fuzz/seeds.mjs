/** @file What the fuzzing of readers begins with: a few small files of each kind, and the words that they are made of. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const fixtures = fileURLToPath(new URL('../fixtures/', import.meta.url));
const models = join(fixtures, 'models');

/** The files of this name in the fixtures of models. */
const ofModels = (file) =>
  readdirSync(models, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith(file))
    .map((path) => readFileSync(join(models, path)));

/** The header of a safetensors file, behind two bytes for how much follows it; null where that is more than they can say. */
function header(file) {
  const length = Number(file.readBigUInt64LE());
  const rest = file.length - 8 - length;
  if (rest > 0xffff) return null;
  return Buffer.concat([Buffer.of(rest & 255, rest >> 8), file.subarray(8, 8 + length)]);
}

const TENSORS = JSON.stringify({
  __metadata__: { format: 'pt' },
  a: { dtype: 'F32', shape: [2, 3], data_offsets: [0, 24] },
  b: { dtype: 'BF16', shape: [4], data_offsets: [24, 32] },
  c: { dtype: 'F4', shape: [2, 0], data_offsets: [32, 32] },
});

const TEMPLATES = [
  "{% for m in messages %}{{ '<|im_start|>' + m.role + '\n' + m['content'] | trim + '<|im_end|>\n' }}{% endfor %}{% if add_generation_prompt %}a{% endif %}",
  "{% if messages[0]['role'] == 'system' %}{% set loop_messages = messages[1:] %}{% else %}{% set loop_messages = messages %}{% endif %}{% for m in loop_messages %}{% if (m.role == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('odd') }}{% endif %}{{ bos_token ~ m.content.strip() }}{% endfor %}",
  "{%- macro tag(name, n=2) -%}{{ name | upper | replace('A', 'bb') | indent(n) }}{%- endmacro -%}{%- set ns = namespace(found=false, k=[1, 2.5, -3], d={'a': none}) -%}{%- for i in range(1, 9, 2) if i is odd -%}{% set ns.found = i not in ns.k %}{{ tag('x' * 2) }}{{ ns.d | tojson(indent=2) }}{%- endfor -%}{# end #}",
  "{{ strftime_now('%d %b %Y') }}{{ messages | map(attribute='role') | join(', ') }}{{ messages | selectattr('role', 'equalto', 'user') | list | length }}{{ 'a,b'.split(',') | first | title }}{{ messages[::-1] | last }}{% filter upper %}x{% endfilter %}{% break %}",
];

const ROWS = [
  {
    id: 'q1',
    prompt: 'Why?',
    weight: 1.5,
    cluster: 'c',
    responses: [
      { id: 'a', text: 'One', signal: 3, logging: { logprob: -2.5, tokens: 4, token_logprobs: [-1, -1.5] } },
      { id: 'b', text: '', signal: -1, rank: 2, judgements: [{ judge: 'j', group: 'US', signal: 0.5 }] },
    ],
  },
  {
    id: 'q2',
    messages: [
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'Why? \u{1f333}' },
    ],
    responses: [
      { id: 'a', text: 'One', rank: 1, judgements: [{ judge: 'k', rank: 1, winsOver: ['b'] }] },
      { id: 'b', text: 'Two', rank: 2 },
    ],
  },
];

/** tokenizer.json of a few tokens, with the parts that tokenizers are put together from. */
function tokenizers() {
  const bytes = readFileSync(join(fixtures, 'byte-tokenizer/tokenizer.json'));
  const vocab = { '<unk>': 0, a: 1, b: 2, '▁': 3, ab: 4, '▁a': 5, '##b': 6, 1: 7, 2: 8, '<0x0A>': 9, '[CLS]': 10 };
  const byteFallback = {
    added_tokens: [{ id: 0, content: '<unk>', special: true, lstrip: true, rstrip: false, normalized: false }],
    normalizer: {
      type: 'Sequence',
      normalizers: [{ type: 'Prepend', prepend: '▁' }, replace(' ', '▁'), { type: 'NFKC' }],
    },
    pre_tokenizer: { type: 'Metaspace', replacement: '▁', prepend_scheme: 'always', split: true },
    post_processor: {
      type: 'TemplateProcessing',
      single: [{ SpecialToken: { id: '[CLS]', type_id: 0 } }, { Sequence: { id: 'A', type_id: 0 } }],
      pair: [{ Sequence: { id: 'B', type_id: 1 } }],
      special_tokens: { '[CLS]': { id: '[CLS]', ids: [10], tokens: ['[CLS]'] } },
    },
    decoder: {
      type: 'Sequence',
      decoders: [
        replace('▁', ' '),
        { type: 'ByteFallback' },
        { type: 'Fuse' },
        { type: 'Strip', content: ' ', start: 1, stop: 0 },
      ],
    },
    model: { type: 'BPE', unk_token: '<unk>', byte_fallback: true, fuse_unk: true, vocab, merges: ['a b', '▁ a'] },
  };
  const wordPiece = {
    normalizer: {
      type: 'BertNormalizer',
      clean_text: true,
      handle_chinese_chars: true,
      strip_accents: null,
      lowercase: true,
    },
    pre_tokenizer: {
      type: 'Sequence',
      pretokenizers: [{ type: 'BertPreTokenizer' }, { type: 'Digits', individual_digits: true }],
    },
    post_processor: { type: 'BertProcessing', sep: ['[CLS]', 10], cls: ['[CLS]', 10] },
    decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
    model: {
      type: 'WordPiece',
      unk_token: '<unk>',
      continuing_subword_prefix: '##',
      max_input_chars_per_word: 100,
      vocab,
    },
  };
  const split = {
    ...wordPiece,
    pre_tokenizer: {
      type: 'Sequence',
      pretokenizers: [
        {
          type: 'Split',
          pattern: { Regex: '\\p{N}{1,3}| ?[^\\s\\p{L}]+' },
          behavior: 'MergedWithPrevious',
          invert: true,
        },
        { type: 'Punctuation', behavior: 'Isolated' },
        { type: 'WhitespaceSplit' },
      ],
    },
    normalizer: { type: 'Replace', pattern: { Regex: 'a+' }, content: 'b' },
  };
  return [bytes, ...[byteFallback, wordPiece, split].map(json)];
}

const replace = (from, content) => ({ type: 'Replace', pattern: { String: from }, content });
const json = (value) => Buffer.from(JSON.stringify(value));

/** The first inputs of a target of readers.mjs, as bytes. */
export function seedsOf(target) {
  switch (target) {
    case 'safetensors':
      return [Buffer.concat([Buffer.of(32, 0), Buffer.from(TENSORS)]), ...ofModels('.safetensors').map(header)].filter(
        (seed) => seed !== null,
      );
    case 'index':
      return ofModels('model.safetensors.index.json');
    case 'config':
      return ofModels('config.json');
    case 'tokenizer':
      return tokenizers();
    case 'template':
      return TEMPLATES.map((text) => Buffer.from(text));
    default:
      return ROWS.map(json);
  }
}

/** Words of the seeds as a dictionary of libFuzzer: keys, names, numbers and signs, and what no file should hold. */
export function dictionaryOf(seeds) {
  const words = seeds.flatMap(
    (seed) => seed.toString('utf8').match(/"[^"\\]{1,30}"|[A-Za-z_]\w+|-?[\d.]+|[^\w\s]{2}/g) ?? [],
  );
  const hostile = ['"__proto__":', '"constructor"', '\\ud800', '1e999', '-1', 'null', '[[', '{}', '9007199254740993'];
  return [...new Set([...words, ...hostile])].map((word) => `${quoted(Buffer.from(word))}\n`).join('');
}

const quoted = (word) =>
  `"${[...word].map((byte) => (byte < 33 || byte > 126 || byte === 0x22 || byte === 0x5c ? `\\x${byte.toString(16).padStart(2, '0')}` : String.fromCharCode(byte))).join('')}"`;
