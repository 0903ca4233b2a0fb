/**
 * @file What is used of @huggingface/tokenizers 0.2.0, whose declarations do not resolve under NodeNext (imports without extensions).
 * Where it differs from the reference implementation (https://github.com/huggingface/tokenizers) its parts are given other methods:
 * normalizers.ts, pre-tokenizers.ts, added-tokens.ts, decoders.ts.
 */

export interface LibraryTokenizer {
  encode(text: string, options?: { add_special_tokens: boolean }): { ids: (number | undefined)[] };
  decode(ids: number[], options: { skip_special_tokens: boolean }): string;
  token_to_id(token: string): number | undefined;
  get_added_tokens_decoder(): Map<number, unknown>;
  /** Tokens of a text without those of the post-processor. */
  encode_text(text: string | null): string[] | null;
  normalizer: LibraryNormalizer | null;
  pre_tokenizer: LibraryPreTokenizer | null;
  model(words: string[]): string[];
  decoder: LibraryDecoder | null;
  /** By their text and by what a normalizer makes of it. */
  added_tokens_map: Map<string, LibraryAddedToken>;
  splitter_unnormalized: LibrarySplitter;
  splitter_normalized: LibrarySplitter;
}

export interface LibraryAddedToken {
  single_word: boolean;
  lstrip: boolean;
  rstrip: boolean;
}

/** Cuts a text before and after the longest added tokens. */
interface LibrarySplitter {
  split(text: string): string[];
}

export interface LibraryNormalizer {
  (text: string): string;
  normalize(text: string): string;
  /** Of a Sequence. */
  normalizers?: (LibraryNormalizer | null)[];
}

export interface LibraryPreTokenizer {
  (text: string, options: PreTokenizerOptions): string[];
  pre_tokenize_text(text: string, options: PreTokenizerOptions): string[];
  /** Of a ByteLevel. */
  byte_encoder?: Record<number, string>;
  /** Of a ByteLevel, and of a Split. */
  pattern?: RegExp | null;
  /** Of a Sequence. */
  tokenizers?: (LibraryPreTokenizer | null)[];
}

/** `section_index` is 0 where the text is the beginning of the whole. */
interface PreTokenizerOptions {
  section_index: number;
}

export interface LibraryDecoder {
  decode_chain(tokens: string[]): string[];
  /** Of a Sequence. */
  decoders?: (LibraryDecoder | null)[];
}

/** A part of tokenizer.json that says how text becomes tokens. */
export type StepConfig = Readonly<Record<string, unknown>> | null;
