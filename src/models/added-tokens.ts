import { SPACE, WORD } from './character-classes.js';
import type { LibraryTokenizer } from './library-tokenizer.js';

const SPACES_BEFORE = new RegExp(`^[${SPACE}]*`, 'u');
const IS_SPACE = new RegExp(`[${SPACE}]`, 'u');
const ENDS_WITH_WORD = new RegExp(`[${WORD}]$`, 'u');
const STARTS_WITH_WORD = new RegExp(`^[${WORD}]`, 'u');

/** A part of a text: an added token, or what is between two. */
interface Section {
  text: string;
  start: number;
  isToken: boolean;
}

/**
 * Finds added tokens in a text as the reference implementation does, and makes tokens of what is between them: first those that are
 * written as they are, then, in what a normalizer has made of the rest, the others. A token may take the white space beside it
 * (`lstrip`, `rstrip`), or count only where it is a word of its own (`single_word`).
 */
export function mendAddedTokens(tokenizer: LibraryTokenizer): void {
  tokenizer.encode_text = (text) => {
    if (text === null) return null;
    return sectionsOf(tokenizer, tokenizer.splitter_unnormalized.split(text)).flatMap((section) => {
      if (section.isToken) return [section.text];
      const normalized = tokenizer.normalizer === null ? section.text : tokenizer.normalizer(section.text);
      const inner = sectionsOf(tokenizer, tokenizer.splitter_normalized.split(normalized));
      return inner.flatMap(({ text, start, isToken }) => {
        if (isToken) return [text];
        const first = section.start === 0 && start === 0;
        return tokenizer.model(tokenizer.pre_tokenizer?.(text, { section_index: first ? 0 : 1 }) ?? [text]);
      });
    });
  };
}

/** The sections of a text that was cut at everything that reads like an added token; none is empty. */
function sectionsOf({ added_tokens_map: tokens }: LibraryTokenizer, cut: readonly string[]): Section[] {
  const text = cut.join('');
  const sections: Section[] = [];
  let [end, position] = [0, 0];
  const push = (start: number, stop: number, token?: string) => {
    if (start > end) sections.push({ text: text.slice(end, start), start: end, isToken: false });
    if (token !== undefined) sections.push({ text: token, start, isToken: true });
    end = stop;
  };
  for (const piece of cut) {
    const [start, stop] = [position, position + piece.length];
    position = stop;
    const token = tokens.get(piece);
    if (token === undefined) continue;
    if (token.single_word && !(isWordEnd(text, start) && !STARTS_WITH_WORD.test(text.slice(stop, stop + 2)))) continue;
    const from = token.lstrip ? spacesBefore(text, start, end) : start;
    push(from, token.rstrip ? stop + SPACES_BEFORE.exec(text.slice(stop))![0].length : stop, piece);
  }
  push(text.length, text.length);
  return sections;
}

function isWordEnd(text: string, at: number): boolean {
  return !ENDS_WITH_WORD.test(text.slice(Math.max(0, at - 2), at));
}

/** Where the white space before `at` begins, but not before `least`. */
function spacesBefore(text: string, at: number, least: number): number {
  let start = at;
  while (start > least && IS_SPACE.test(text[start - 1]!)) start--;
  return start;
}
