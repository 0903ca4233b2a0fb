import { TextDecoder } from 'node:util';
import { Tokenizer } from '@huggingface/tokenizers';
import type { z } from 'zod';
import { DataError, describeError } from '../errors.js';
import type { tokenizerSchema } from './tokenizer-schema.js';

type TokenizerJson = z.infer<typeof tokenizerSchema>;

/** What is used of the library, whose declarations do not resolve under NodeNext (imports without extensions). */
export interface LibraryTokenizer {
  encode(text: string, options?: { add_special_tokens: boolean }): { ids: (number | undefined)[] };
  decode(ids: number[], options: { skip_special_tokens: boolean }): string;
  token_to_id(token: string): number | undefined;
  get_added_tokens_decoder(): Map<number, unknown>;
  pre_tokenizer: LibraryPreTokenizer | null;
  decoder: LibraryDecoder | null;
}

/** `byte_encoder` and `pattern` belong to a ByteLevel pre-tokenizer, `tokenizers` to a Sequence. */
interface LibraryPreTokenizer {
  byte_encoder?: Record<number, string>;
  pattern?: RegExp;
  tokenizers?: (LibraryPreTokenizer | null)[];
}

/** `text_decoder` belongs to the decoders of bytes, `decoders` to a Sequence. */
interface LibraryDecoder {
  text_decoder?: TextDecoder;
  decoders?: (LibraryDecoder | null)[];
}

/**
 * The library's tokenizer, with what its version 0.2.0 does differently from the reference implementation put right.
 *
 * @param path of tokenizer.json, for messages
 * @throws DataError `INVALID_TOKENIZER`
 */
export function createTokenizer(path: string, json: TokenizerJson, config: object): LibraryTokenizer {
  let tokenizer: LibraryTokenizer;
  try {
    tokenizer = new Tokenizer(json, config);
  } catch (error) {
    throw new DataError('INVALID_TOKENIZER', `${path}: cannot be used: ${describeError(error)}`, { cause: error });
  }
  const byteLevels = findByteLevels(tokenizer.pre_tokenizer);
  for (const node of byteLevels) node.pattern = GPT2_PATTERN;
  keepByteOrderMarks(tokenizer.decoder);
  checkCoverage(path, json.model, byteLevels[0]?.byte_encoder ?? {});
  return tokenizer;
}

/**
 * GPT-2's splitting pattern with the white space of Unicode. The library writes it with JavaScript's
 * `\s`, which takes U+FEFF for a space and U+0085 for none; the reference implementation does neither. (Patterns of
 * `Split` are translated correctly.)
 */
const GPT2_PATTERN =
  /'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\p{White_Space}\p{L}\p{N}]+|\p{White_Space}+(?!\P{White_Space})|\p{White_Space}+/gu;

function findByteLevels(node: LibraryPreTokenizer | null): LibraryPreTokenizer[] {
  if (node === null) return [];
  return node.byte_encoder ? [node] : (node.tokenizers ?? []).flatMap(findByteLevels);
}

/** The library's decoder of byte-fallback tokens swallows a U+FEFF at the start of what it decodes. */
function keepByteOrderMarks(node: LibraryDecoder | null): void {
  if (node?.text_decoder) node.text_decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  node?.decoders?.forEach(keepByteOrderMarks);
}

/**
 * Without an unknown token and without byte fallback, a character that is not in the vocabulary would vanish from the text.
 * Then every byte that UTF-8 uses must have a token.
 */
function checkCoverage(path: string, model: TokenizerJson['model'], bytes: Record<number, string>): void {
  if (model.unk_token != null || model.byte_fallback) return;
  for (let byte = 0; byte < 0xf5; byte++) {
    if (byte === 0xc0 || byte === 0xc1) continue;
    const character = bytes[byte];
    if (character === undefined || !Object.hasOwn(model.vocab, character)) {
      const lost = `field "model.vocab": has no token for the byte ${byte}, no unk_token and no byte_fallback`;
      throw new DataError('INVALID_TOKENIZER', `${path}: ${lost}, so parts of a text would be lost`);
    }
  }
}
