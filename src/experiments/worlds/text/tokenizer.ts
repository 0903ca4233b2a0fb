/**
 * @file The tokenizer of the text worlds: one token for each of their words (with the space before it), one for each byte of
 * everything else, so that any text has tokens and its own ones are as short as can be.
 */
import { allWords, type Language } from './language.js';

export const BOS = '<s>';
export const EOS = '</s>';

/** Ids of the first tokens: `<s>`, `</s>`, then the words, then the bytes 0 to 255. */
export const BOS_ID = 0;
export const EOS_ID = 1;

/** Number of tokens. */
export function vocabularySize(language: Language): number {
  return 2 + allWords(language).length + 256;
}

/**
 * tokenizer.json. A text that begins without a space gets one, and decoding takes it away again: the first word of an answer is
 * the same token as elsewhere. (So the space of a text that begins with one does not survive.) There are no merges;
 * `ignore_merges` makes words of the vocabulary whole, and other words fall into bytes.
 */
export function tokenizerJson(language: Language): object {
  const byteLevel = { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true };
  const bytes = byteCharacters();
  const words = allWords(language).map((word) => bytes[SPACE]! + word);
  const vocab = Object.fromEntries([BOS, EOS, ...words, ...bytes].map((token, id) => [token, id]));
  const strip = { type: 'Strip', content: ' ', start: 1, stop: 0 };
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: [specialToken(BOS_ID, BOS), specialToken(EOS_ID, EOS)],
    normalizer: null,
    pre_tokenizer: byteLevel,
    post_processor: null,
    decoder: { type: 'Sequence', decoders: [byteLevel, strip] },
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: true,
      vocab,
      merges: [],
    },
  };
}

export function tokenizerConfigJson(context: number): object {
  return {
    tokenizer_class: 'PreTrainedTokenizerFast',
    bos_token: BOS,
    eos_token: EOS,
    add_bos_token: true,
    model_max_length: context,
    clean_up_tokenization_spaces: false,
  };
}

const SPACE = 0x20;

function specialToken(id: number, content: string): object {
  return { id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };
}

/** The printable stand-ins of the 256 bytes in byte-level BPE (GPT-2): printable ones stand for themselves. */
function byteCharacters(): string[] {
  const isPrintable = (byte: number) =>
    (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || (byte >= 0xae && byte <= 0xff);
  let next = 256;
  return Array.from({ length: 256 }, (_, byte) => String.fromCharCode(isPrintable(byte) ? byte : next++));
}
