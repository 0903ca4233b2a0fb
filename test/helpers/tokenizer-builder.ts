import { BYTE_CHARACTERS, type SlowBpe, toByteCharacters } from './slow-bpe.js';
import { splitText } from './split-rules.js';

export type TokenizerFamily = 'gpt2' | 'llama3' | 'qwen';

const LLAMA3 =
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
const QWEN = LLAMA3.replace('\\p{N}{1,3}', '\\p{N}');

/** Texts whose words the small vocabularies know. */
const CORPUS = [
  "the cat isn't there, they're here; I'll go, WE'VE gone and you'd see",
  'numbers 12 123 1234 2026  double  spaces   tabs\t\tlines\n\nmore\r\n end.',
  'Straße façade naïve Ελληνικά русский 你好 世界 日本語 🙂🙃 ½ ²',
];

/**
 * A tokenizer.json in the form that a family publishes, with merges learnt from a few sentences, and the slow reference
 * that computes the same. `pairs` chooses the form of the merges.
 */
export function buildTokenizer(family: TokenizerFamily, pairs: boolean): { json: object; slow: SlowBpe } {
  const digits = family === 'llama3' ? 3 : family === 'qwen' ? 1 : Number.POSITIVE_INFINITY;
  const style = family === 'gpt2' ? 'gpt2' : 'llama3';
  const split = (text: string) => splitText(text, { digits, style });
  const normalize = family === 'qwen' ? (text: string) => text.normalize('NFC') : (text: string) => text;
  const { vocab, merges } = learn(
    CORPUS.flatMap((text) => split(normalize(text))),
    220,
  );
  // Whole words without merges that lead to them: reached only where ignore_merges holds.
  for (const word of ['\u0120zq', 'xyzzy', '777']) vocab[word] = Object.keys(vocab).length;
  const first = Object.keys(vocab).length;
  const addedTokens: Record<string, number> = { '<|begin|>': first, '<|end|>': first + 1, '<|end|>x': first + 2 };
  const byteLevel = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: family === 'gpt2' };
  const pattern = { Regex: family === 'qwen' ? QWEN : LLAMA3 };
  const json = {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: Object.entries(addedTokens).map(([content, id]) => ({
      id,
      content,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: content !== '<|end|>x',
    })),
    normalizer: family === 'qwen' ? { type: 'NFC' } : null,
    pre_tokenizer:
      family === 'gpt2'
        ? byteLevel
        : {
            type: 'Sequence',
            pretokenizers: [{ type: 'Split', pattern, behavior: 'Isolated', invert: false }, byteLevel],
          },
    post_processor: { ...byteLevel, trim_offsets: false },
    decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: family === 'llama3',
      vocab,
      merges: pairs ? merges : merges.map((merge) => merge.join(' ')),
    },
  };
  return { json, slow: { vocab, merges, ignoreMerges: family === 'llama3', addedTokens, normalize, split } };
}

/** Plain BPE training: merge the commonest pair, ties by order of appearance. */
function learn(words: string[], count: number): { vocab: Record<string, number>; merges: [string, string][] } {
  const vocab: Record<string, number> = Object.fromEntries(BYTE_CHARACTERS.map((character, id) => [character, id]));
  const merges: [string, string][] = [];
  let pieces = words.map(toByteCharacters);
  while (merges.length < count) {
    const counts = new Map<string, number>();
    for (const piece of pieces) {
      for (let i = 0; i + 1 < piece.length; i++) {
        const pair = `${piece[i]} ${piece[i + 1]}`;
        counts.set(pair, (counts.get(pair) ?? 0) + 1);
      }
    }
    const best = [...counts].sort((a, b) => b[1] - a[1])[0];
    if (!best) break;
    const [left, right] = best[0].split(' ') as [string, string];
    merges.push([left, right]);
    if (!Object.hasOwn(vocab, left + right)) vocab[left + right] = Object.keys(vocab).length;
    pieces = pieces.map((piece) => {
      const merged: string[] = [];
      for (let i = 0; i < piece.length; i++) {
        if (piece[i] === left && piece[i + 1] === right) merged.push(piece[i++]! + piece[i]!);
        else merged.push(piece[i]!);
      }
      return merged;
    });
  }
  return { vocab, merges };
}
