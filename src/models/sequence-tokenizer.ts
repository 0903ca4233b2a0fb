import { DataError } from '../errors.js';
import type { EncoderSequence } from './encoder-batch.js';
import type { EncoderConfig } from './encoder-config.js';
import type { Tokenizer } from './tokenizer.js';

/** A text as an encoder reads it, and how many of its tokens were cut off. */
export interface TokenizedText extends EncoderSequence {
  ids: number[];
  cut: number;
}

/**
 * Puts the special tokens around texts:
 *
 *     bert     [CLS] a [SEP]     [CLS] a [SEP] b [SEP], the second part of type 1
 *     roberta  <s> a </s>        <s> a </s></s> b </s>
 */
export class SequenceTokenizer {
  private readonly first: number;
  private readonly separator: number;

  /** @param maxTokens of a sequence, special tokens included @throws DataError INVALID_TOKENIZER */
  constructor(
    readonly tokenizer: Tokenizer,
    private readonly config: EncoderConfig,
    private readonly maxTokens: number,
  ) {
    const special = (key: 'cls_token' | 'sep_token'): number => {
      const id = tokenizer.specialId(key);
      if (id !== null) return id;
      const where = `neither tokenizer_config.json nor special_tokens_map.json names a "${key}"`;
      throw new DataError('INVALID_TOKENIZER', `${tokenizer.path}: ${where}, which stands around every text`);
    };
    this.first = special('cls_token');
    this.separator = special('sep_token');
  }

  /** What exceeds the most tokens is cut from the end. */
  text(text: string): TokenizedText {
    const all = this.tokenizer.encode(text);
    const kept = all.slice(0, Math.max(0, this.maxTokens - 2));
    return { ids: [this.first, ...kept, this.separator], cut: all.length - kept.length };
  }

  /**
   * A pair. What exceeds the most tokens is cut from the end of the first text; where that is not long enough, from whichever is
   * longer, token by token.
   */
  pair(a: string, b: string): TokenizedText {
    const bert = this.config.family === 'bert';
    const [left, right] = [this.tokenizer.encode(a), this.tokenizer.encode(b)];
    const excess = Math.max(0, left.length + right.length + (bert ? 3 : 4) - this.maxTokens);
    const firstOnly = left.length > excess;
    for (let i = 0; i < excess; i++) (firstOnly || left.length > right.length ? left : right).pop();
    const head = [this.first, ...left, this.separator, ...(bert ? [] : [this.separator])];
    const tail = [...right, this.separator];
    const types = bert ? [...head.map(() => 0), ...tail.map(() => 1)] : undefined;
    return { ids: [...head, ...tail], types, cut: excess };
  }
}
