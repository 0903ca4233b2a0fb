import { Tokenizer } from '@huggingface/tokenizers';
import type { z } from 'zod';
import { DataError, describeError } from '../errors.js';
import { mendAddedTokens } from './added-tokens.js';
import { mendDecoder } from './decoders.js';
import type { LibraryPreTokenizer, LibraryTokenizer } from './library-tokenizer.js';
import { mendNormalizer } from './normalizers.js';
import { mendPreTokenizer } from './pre-tokenizers.js';
import type { tokenizerSchema } from './tokenizer-schema.js';

type TokenizerJson = z.infer<typeof tokenizerSchema>;

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
  mendNormalizer(tokenizer.normalizer, json.normalizer);
  mendPreTokenizer(tokenizer.pre_tokenizer, json.pre_tokenizer);
  mendAddedTokens(tokenizer);
  mendDecoder(tokenizer.decoder, json.decoder);
  const byteLevels = findByteLevels(tokenizer.pre_tokenizer);
  checkCoverage(path, json.model, byteLevels[0]?.byte_encoder ?? {});
  return tokenizer;
}

function findByteLevels(node: LibraryPreTokenizer | null): LibraryPreTokenizer[] {
  if (node === null) return [];
  return node.byte_encoder ? [node] : (node.tokenizers ?? []).flatMap(findByteLevels);
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
