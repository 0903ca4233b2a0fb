import { join } from 'node:path';
import { changedFixture } from './model-fixtures.js';

const special = (content: string, id: number) => {
  return { id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };
};

const LETTERS = [...'abcdefghijklmnopqrstuvwxyz'];
const WORDS = ['the', 'cat', 'dog', 'runs', 'sleeps', 'good', 'bad', 'film'];

/** Tokens of the little BERT, by id. */
export const WORD_PIECES: readonly string[] = [
  ...['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]'],
  ...['want', '##want', '##ed', 'wa', 'un', 'runn', '##ing', ',', '.', '!', '?'],
  ...LETTERS,
  ...LETTERS.map((letter) => `##${letter}`),
  ...WORDS,
];

const SPECIAL_NAMES = { bert: ['[CLS]', '[SEP]', '[PAD]', '[UNK]'], roberta: ['<s>', '</s>', '<pad>', '<s>'] };

function specialTokens(family: 'bert' | 'roberta'): object {
  const [cls_token, sep_token, pad_token, unk_token] = SPECIAL_NAMES[family];
  return { cls_token, sep_token, pad_token, unk_token };
}

/** A lower-casing WordPiece tokenizer.json as BERT's is published, of 80 tokens. */
export const wordPieceTokenizer = {
  version: '1.0',
  truncation: { max_length: 4, strategy: 'LongestFirst', stride: 0, direction: 'Right' },
  padding: null,
  added_tokens: ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]'].map(special),
  normalizer: {
    type: 'BertNormalizer',
    clean_text: true,
    handle_chinese_chars: true,
    strip_accents: null,
    lowercase: true,
  },
  pre_tokenizer: { type: 'BertPreTokenizer' },
  post_processor: { type: 'BertProcessing', sep: ['[SEP]', 3], cls: ['[CLS]', 2] },
  decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
  model: {
    type: 'WordPiece',
    unk_token: '[UNK]',
    continuing_subword_prefix: '##',
    max_input_chars_per_word: 100,
    vocab: Object.fromEntries(WORD_PIECES.map((piece, id) => [piece, id])),
  },
};

/** One token per byte, after the three special tokens. */
const byteTokenizer = () => {
  const printable = (byte: number) =>
    (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || (byte >= 0xae && byte <= 0xff);
  let next = 256;
  const bytes = Array.from({ length: 256 }, (_, byte) => String.fromCharCode(printable(byte) ? byte : next++));
  const byteLevel = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true };
  const tokens = ['<s>', '<pad>', '</s>', ...bytes];
  return {
    version: '1.0',
    added_tokens: ['<s>', '<pad>', '</s>'].map(special),
    normalizer: null,
    pre_tokenizer: byteLevel,
    post_processor: {
      type: 'RobertaProcessing',
      sep: ['</s>', 2],
      cls: ['<s>', 0],
      trim_offsets: true,
      add_prefix_space: false,
    },
    decoder: byteLevel,
    model: { type: 'BPE', vocab: Object.fromEntries(tokens.map((token, id) => [token, id])), merges: [] },
  };
};

/** A sentence-transformers folder below `root`: the BERT fixture with a tokenizer. */
export function tinyBert(root: string, files: Parameters<typeof changedFixture>[2] = {}): string {
  return changedFixture('bert-tiny-minilm', root, {
    'tokenizer.json': wordPieceTokenizer,
    'tokenizer_config.json': { ...specialTokens('bert'), model_max_length: 512 },
    ...files,
  });
}

/** A classifier of three labels below `root`: the RoBERTa fixture with a tokenizer of bytes. */
export function tinyRoberta(root: string, files: Parameters<typeof changedFixture>[2] = {}): string {
  return changedFixture('roberta-tiny-cls', root, {
    'tokenizer.json': byteTokenizer(),
    'tokenizer_config.json': specialTokens('roberta'),
    ...files,
  });
}

/** Path of the pooling module's settings in `tinyBert`. */
export const POOLING = join('1_Pooling', 'config.json');
