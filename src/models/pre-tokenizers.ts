import { PUNCTUATION, SPACE, WORD } from './character-classes.js';
import type { LibraryPreTokenizer, StepConfig } from './library-tokenizer.js';
import { type SplitBehavior, splitText } from './split-text.js';

/** GPT-2's splitting pattern with the white space of Unicode. (The library translates patterns of `Split` correctly.) */
const GPT2_PATTERN =
  /'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\p{White_Space}\p{L}\p{N}]+|\p{White_Space}+(?!\P{White_Space})|\p{White_Space}+/gu;

const WORDS = new RegExp(`[${WORD}]+|[^${WORD}${SPACE}]+`, 'gu');
const NO_SPACES = new RegExp(`[^${SPACE}]+`, 'gu');
const BERT_WORDS = new RegExp(`[^${SPACE}${PUNCTUATION}]+|[${PUNCTUATION}]`, 'gu');
const PUNCTUATION_MARK = new RegExp(`[${PUNCTUATION}]`, 'gu');

type Split = (text: string) => string[];

/** What divides a text, by the type that tokenizer.json names. */
const SPLITS: Record<string, (config: NonNullable<StepConfig>, node: LibraryPreTokenizer) => Split | null> = {
  BertPreTokenizer: () => (text) => text.match(BERT_WORDS) ?? [],
  Whitespace: () => (text) => text.match(WORDS) ?? [],
  WhitespaceSplit: () => (text) => text.match(NO_SPACES) ?? [],
  Digits: (config) => {
    const behavior = config.individual_digits ? 'Isolated' : 'Contiguous';
    return (text) => splitText(text, /\p{N}/gu, behavior);
  },
  Punctuation: (config) => (text) => splitText(text, PUNCTUATION_MARK, behaviorOf(config)),
  Split: (config, { pattern }) =>
    pattern ? (text) => splitText(text, pattern, behaviorOf(config), config.invert === true) : null,
};

function behaviorOf({ behavior }: NonNullable<StepConfig>): SplitBehavior {
  return (behavior ?? 'Isolated') as SplitBehavior;
}

/** Makes the library's pre-tokenizer divide texts as the reference implementation does. */
export function mendPreTokenizer(node: LibraryPreTokenizer | null, config: StepConfig): void {
  if (node === null || config === null) return;
  const inner = config.pretokenizers as StepConfig[] | undefined;
  for (const [i, each] of node.tokenizers?.entries() ?? []) mendPreTokenizer(each, inner![i]!);
  const split = SPLITS[String(config.type)]?.(config, node);
  if (split) node.pre_tokenize_text = split;
  if (config.type === 'ByteLevel') node.pattern = GPT2_PATTERN;
  if (config.type === 'Metaspace') mendMetaspace(node, config);
}

/** Every word begins with the mark of its space, and older files say otherwise whether the first has one. */
function mendMetaspace(node: LibraryPreTokenizer, config: NonNullable<StepConfig>): void {
  const mark = String(config.replacement ?? '\u2581');
  const [scheme, pattern] = [prependScheme(config), new RegExp(escapeRegExp(mark), 'gu')];
  node.pre_tokenize_text = (text, { section_index }) => {
    const marked = text.replaceAll(' ', mark);
    const prepends = !marked.startsWith(mark) && (scheme === 'always' || (scheme === 'first' && section_index === 0));
    const whole = prepends ? mark + marked : marked;
    return config.split === false ? [whole] : splitText(whole, pattern, 'MergedWithNext');
  };
}

/** Of a Metaspace: whether texts get the mark of a space at their beginning. */
export function prependScheme(config: NonNullable<StepConfig>): unknown {
  return config.prepend_scheme ?? (config.add_prefix_space === false ? 'never' : 'always');
}

function escapeRegExp(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
}
