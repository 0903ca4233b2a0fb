import { UsageError } from '../errors.js';
import type { Encoder } from './encoder.js';

/** Words of scripts that separate them by spaces; single characters of those that do not. */
const WORDS =
  /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Thai}]|(?:(?![\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Thai}])[\p{L}\p{M}\p{N}])+/gu;

/**
 * Words and pairs of neighbours, weighted by tf-idf and hashed into a fixed number of places with signs, so that collisions
 * cancel on average (Weinberger et al. 2009, "Feature hashing for large scale multitask learning"):
 *
 *     v_b = sum over n-grams g in place b of sign(g) (1 + ln tf_g) idf_b,   idf_b = 1 + ln((1 + N) / (1 + df_b))
 *
 * divided by its length. It needs no model and measures shared words, not meaning: whatever is computed with it has to say so.
 */
export class LexicalEncoder implements Encoder {
  readonly kind = 'lexical';
  readonly id: string;
  readonly dimensions: number;
  #idf: Float64Array | null = null;

  /** @throws UsageError LEXICAL_OPTION */
  constructor({ dimensions = 4096 }: { dimensions?: number } = {}) {
    if (!Number.isInteger(dimensions) || dimensions < 1) {
      throw new UsageError('LEXICAL_OPTION', `dimensions: expected a whole number above 0, got ${dimensions}`);
    }
    this.dimensions = dimensions;
    this.id = `lexical:${dimensions} (hashed word n-grams: shared words, not meaning)`;
  }

  /** Learns how common n-grams are; without it all weigh alike. */
  fit(texts: Iterable<string>): void {
    const seen = new Float64Array(this.dimensions);
    let documents = 0;
    for (const text of texts) {
      documents++;
      for (const place of new Set([...ngramCounts(text).keys()].map((gram) => this.#place(gram).place))) seen[place]!++;
    }
    this.#idf = seen.map((count) => 1 + Math.log((1 + documents) / (1 + count)));
  }

  async embed(texts: readonly string[]): Promise<Float32Array[]> {
    return texts.map((text) => this.#vector(text));
  }

  dispose(): void {}

  #vector(text: string): Float32Array {
    const vector = new Float64Array(this.dimensions);
    for (const [gram, count] of ngramCounts(text)) {
      const { place, sign } = this.#place(gram);
      vector[place]! += sign * (1 + Math.log(count)) * (this.#idf?.[place] ?? 1);
    }
    const length = Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));
    return Float32Array.from(vector, (value) => value / (length || 1));
  }

  #place(gram: string): { place: number; sign: number } {
    const hash = hashOf(gram);
    return { place: (hash >>> 1) % this.dimensions, sign: hash & 1 ? 1 : -1 };
  }
}

/** How often each word and each pair of neighbouring words occurs. */
function ngramCounts(text: string): Map<string, number> {
  const words = text.normalize('NFKC').toLowerCase().match(WORDS) ?? [];
  const counts = new Map<string, number>();
  const add = (gram: string) => counts.set(gram, (counts.get(gram) ?? 0) + 1);
  for (const [i, word] of words.entries()) {
    add(word);
    if (i > 0) add(`${words[i - 1]} ${word}`);
  }
  return counts;
}

/** 32-bit FNV-1a of the UTF-16 code units, with the last mixing steps of MurmurHash3, which spread it over all bits. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
