/**
 * The splitting rules of GPT-2, Llama 3 and Qwen written out by hand, rule by rule, over code points: what their regular
 * expressions mean in the engine of the reference tokenizers (Unicode letters, numbers and White_Space; first rule that
 * matches wins).
 */
export interface SplitRules {
  /** Most digits of a piece of numbers. */
  digits: number;
  /** GPT-2: contractions in lower case only, a space may lead letters, digits and symbols, no rule for line ends. */
  style: 'gpt2' | 'llama3';
}

const isLetter = (c: string | undefined) => c !== undefined && /^\p{L}$/u.test(c);
const isNumber = (c: string | undefined) => c !== undefined && /^\p{N}$/u.test(c);
const isSpace = (c: string | undefined) => c !== undefined && /^\p{White_Space}$/u.test(c);
const isLineEnd = (c: string | undefined) => c === '\n' || c === '\r';
const isSymbol = (c: string | undefined) => c !== undefined && !isLetter(c) && !isNumber(c) && !isSpace(c);
const CONTRACTIONS = ['s', 't', 're', 've', 'm', 'll', 'd'];

export function splitText(text: string, { digits, style }: SplitRules): string[] {
  const characters = [...text];
  const pieces: string[] = [];
  let at = 0;
  while (at < characters.length) {
    const length = pieceLength(characters, at, digits, style);
    pieces.push(characters.slice(at, at + length).join(''));
    at += length;
  }
  return pieces;
}

function pieceLength(characters: string[], at: number, digits: number, style: SplitRules['style']): number {
  const c = (offset: number) => characters[at + offset];
  const run = (from: number, is: (c: string | undefined) => boolean, most = Number.POSITIVE_INFINITY) => {
    let count = 0;
    while (count < most && is(c(from + count))) count++;
    return count;
  };
  // '(s|t|re|ve|m|ll|d)
  if (c(0) === "'") {
    for (const ending of CONTRACTIONS) {
      const next = characters.slice(at + 1, at + 1 + ending.length).join('');
      if (next === ending || (style === 'llama3' && /^[a-z]+$/i.test(next) && next.toLowerCase() === ending))
        return 1 + ending.length;
    }
  }
  const space = c(0) === ' ' ? 1 : 0;
  if (style === 'gpt2') {
    //  ?\p{L}+ |  ?\p{N}+ |  ?[^\s\p{L}\p{N}]+
    for (const kind of [isLetter, isNumber, isSymbol]) if (kind(c(space))) return space + run(space, kind);
  } else {
    // [^\r\n\p{L}\p{N}]?\p{L}+
    const lead = !isLineEnd(c(0)) && !isLetter(c(0)) && !isNumber(c(0)) ? 1 : 0;
    if (isLetter(c(lead))) return lead + run(lead, isLetter);
    // \p{N}{1,digits}
    if (isNumber(c(0))) return run(0, isNumber, digits);
    //  ?[^\s\p{L}\p{N}]+[\r\n]*
    if (isSymbol(c(space))) {
      const symbols = space + run(space, isSymbol);
      return symbols + run(symbols, isLineEnd);
    }
    // \s*[\r\n]+ : up to the last line end of the white space
    const white = run(0, isSpace);
    for (let last = white - 1; last >= 0; last--) if (isLineEnd(c(last))) return last + 1;
  }
  // \s+(?!\S)|\s+ : all white space at the end of the text, else all but the last character, but at least one
  const white = run(0, isSpace);
  if (at + white === characters.length || white === 1) return white;
  return white - 1;
}
