import { BYTE_CHARACTERS, byteToken, type SlowBpe, toByteCharacters } from './slow-bpe.js';
import { splitText } from './split-rules.js';

/** `sentencepiece`: BPE with byte fallback over text whose spaces are U+2581, as Llama 2 and Phi-3 have it. */
export type TokenizerFamily = 'gpt2' | 'llama3' | 'qwen' | 'sentencepiece';

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
  return family === 'sentencepiece' ? sentencePiece(pairs) : byteLevel(family, pairs);
}

function byteLevel(family: TokenizerFamily, pairs: boolean): { json: object; slow: SlowBpe } {
  const digits = family === 'llama3' ? 3 : family === 'qwen' ? 1 : Number.POSITIVE_INFINITY;
  const style = family === 'gpt2' ? 'gpt2' : 'llama3';
  const split = (text: string) => splitText(text, { digits, style });
  const normalize = family === 'qwen' ? (text: string) => text.normalize('NFC') : (text: string) => text;
  const { vocab, merges } = learn(
    CORPUS.flatMap((text) => split(normalize(text)).map(toByteCharacters)),
    BYTE_CHARACTERS,
  );
  // Whole words without merges that lead to them: reached only where ignore_merges holds.
  for (const word of ['\u0120zq', 'xyzzy', '777']) vocab[word] = Object.keys(vocab).length;
  const { addedTokens, added_tokens } = addTokens(vocab);
  const processor = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: family === 'gpt2' };
  const pattern = { Regex: family === 'qwen' ? QWEN : LLAMA3 };
  const json = {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens,
    normalizer: family === 'qwen' ? { type: 'NFC' } : null,
    pre_tokenizer:
      family === 'gpt2'
        ? processor
        : {
            type: 'Sequence',
            pretokenizers: [{ type: 'Split', pattern, behavior: 'Isolated', invert: false }, processor],
          },
    post_processor: { ...processor, trim_offsets: false },
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
  const ignoreMerges = family === 'llama3';
  const units = toByteCharacters;
  return { json, slow: { vocab, merges, ignoreMerges, addedTokens, normalize, split, units, byteFallback: false } };
}

function sentencePiece(pairs: boolean): { json: object; slow: SlowBpe } {
  const normalize = (text: string) => `\u2581${text.replaceAll(' ', '\u2581')}`;
  const words = CORPUS.flatMap((text) => normalize(text).split(/(?=\u2581)/)).map((word) => [...word]);
  const bytes = Array.from({ length: 256 }, (_, byte) => byteToken(byte));
  const { vocab, merges } = learn(words, ['<unk>', ...bytes, ...new Set(words.flat())]);
  const { addedTokens, added_tokens } = addTokens(vocab);
  const json = {
    version: '1.0',
    added_tokens,
    normalizer: {
      type: 'Sequence',
      normalizers: [
        { type: 'Prepend', prepend: '\u2581' },
        { type: 'Replace', pattern: { String: ' ' }, content: '\u2581' },
      ],
    },
    pre_tokenizer: null,
    post_processor: null,
    decoder: {
      type: 'Sequence',
      decoders: [
        { type: 'Replace', pattern: { String: '\u2581' }, content: ' ' },
        { type: 'ByteFallback' },
        { type: 'Fuse' },
        { type: 'Strip', content: ' ', start: 1, stop: 0 },
      ],
    },
    model: {
      type: 'BPE',
      unk_token: '<unk>',
      fuse_unk: true,
      byte_fallback: true,
      vocab,
      merges: pairs ? merges : merges.map((merge) => merge.join(' ')),
    },
  };
  const units = (piece: string) => [...piece];
  const split = (text: string) => [text];
  return {
    json,
    slow: { vocab, merges, ignoreMerges: false, addedTokens, normalize, split, units, byteFallback: true },
  };
}

/** Two special tokens, and one that is not, which begins like the second. */
function addTokens(vocab: Record<string, number>): { addedTokens: Record<string, number>; added_tokens: object[] } {
  const first = Object.keys(vocab).length;
  const addedTokens: Record<string, number> = { '<|begin|>': first, '<|end|>': first + 1, '<|end|>x': first + 2 };
  const flags = { single_word: false, lstrip: false, rstrip: false, normalized: false };
  const added_tokens = Object.entries(addedTokens).map(([content, id]) => {
    return { id, content, ...flags, special: content !== '<|end|>x' };
  });
  return { addedTokens, added_tokens };
}

const MERGES = 220;

/** Plain BPE training: merge the commonest pair, ties by order of appearance. */
function learn(words: string[][], alphabet: string[]): { vocab: Record<string, number>; merges: [string, string][] } {
  const vocab: Record<string, number> = Object.fromEntries(alphabet.map((character, id) => [character, id]));
  const merges: [string, string][] = [];
  let pieces = words;
  while (merges.length < MERGES) {
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
