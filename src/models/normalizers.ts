import { SPACE } from './character-classes.js';
import type { LibraryNormalizer, StepConfig } from './library-tokenizer.js';

const SPACES_BEFORE = new RegExp(`^[${SPACE}]+`, 'u');
const SPACES_AFTER = new RegExp(`[${SPACE}]+$`, 'u');
const CONTROLS = /[\0\ufffd]|(?![\t\n\r])[\p{Cc}\p{Cf}\p{Co}\p{Cs}]/gu;
/** The blocks that BERT takes for Chinese; hiragana, katakana and hangul are words like others. */
const CHINESE =
  /[\u{4e00}-\u{9fff}\u{3400}-\u{4dbf}\u{20000}-\u{2a6df}\u{2a700}-\u{2b73f}\u{2b740}-\u{2b81f}\u{2b920}-\u{2ceaf}\u{f900}-\u{faff}\u{2f800}-\u{2fa1f}]/gu;

/** What changes a text, by the type that tokenizer.json names. */
const NORMALIZERS: Record<string, (config: NonNullable<StepConfig>) => (text: string) => string> = {
  Lowercase: () => lowercase,
  Strip: (config) => (text) => {
    const stripped = config.strip_left ? text.replace(SPACES_BEFORE, '') : text;
    return config.strip_right ? trimEnd(stripped) : stripped;
  },
  BertNormalizer: (config) => (text) => {
    const clean = config.clean_text ? text.replace(CONTROLS, '').replace(/\p{White_Space}/gu, ' ') : text;
    const spaced = config.handle_chinese_chars ? clean.replace(CHINESE, ' $& ') : clean;
    const strips = config.strip_accents ?? config.lowercase;
    const plain = strips ? spaced.normalize('NFD').replace(/\p{Mn}/gu, '') : spaced;
    return config.lowercase ? lowercase(plain) : plain;
  },
};

/** Makes the library's normalizer change texts as the reference implementation does. */
export function mendNormalizer(node: LibraryNormalizer | null, config: StepConfig): void {
  if (node === null || config === null) return;
  const inner = config.normalizers as StepConfig[] | undefined;
  for (const [i, each] of node.normalizers?.entries() ?? []) mendNormalizer(each, inner![i]!);
  const normalize = NORMALIZERS[String(config.type)]?.(config);
  if (normalize) node.normalize = normalize;
}

/** Character by character: a sigma stays the same letter at the end of a word. */
export function lowercase(text: string): string {
  return text.replace(/\u03a3/g, '\u03c3').toLowerCase();
}

/** Without a search from every space for the end, which takes time with the square of their number. */
function trimEnd(text: string): string {
  let end = text.length;
  while (end > 0 && SPACES_AFTER.test(text[end - 1]!)) end--;
  return text.slice(0, end);
}
