/** @file Texts as numbered n-grams: two n-grams have the same number exactly when their tokens are equal. */

/** Cuts a text into tokens. */
export type Tokenize = (text: string) => readonly string[];

/** What counts as a token. */
export interface TokenOptions {
  /** How a text becomes tokens; by default at white space. */
  tokenize?: Tokenize | undefined;
}

/** Splits at Unicode white space; case and punctuation are kept. */
export function whitespaceTokens(text: string): string[] {
  return text.split(/\p{White_Space}+/u).filter((token) => token !== '');
}

export interface NumberedNgrams {
  /** The n-grams of each text, in order; none in a text shorter than n, none across two texts. */
  readonly ofText: readonly Int32Array[];
  /** How many different ones there are: the numbers are 0 .. distinct - 1, in order of first appearance. */
  readonly distinct: number;
}

/**
 * The n-grams of order 1, 2, .. maxN. One of order n is a pair: the one of order n - 1 at the same place, and the token
 * behind it; so no n-gram is ever spelled out.
 */
export function* ngramOrders(
  texts: readonly string[],
  maxN: number,
  { tokenize = whitespaceTokens }: TokenOptions = {},
): Generator<NumberedNgrams> {
  const unigrams = numbered(texts.map((text) => tokenize(text)));
  yield unigrams;
  let shorter = unigrams;
  for (let n = 2; n <= maxN; n++) {
    shorter = numbered(
      shorter.ofText.map((ngrams, text) => {
        const tokens = unigrams.ofText[text]!;
        // Both numbers are below 2^24, the most that a Map holds: the pair fits a double exactly.
        return Array.from(
          { length: Math.max(ngrams.length - 1, 0) },
          (_, at) => ngrams[at]! * unigrams.distinct + tokens[at + n - 1]!,
        );
      }),
    );
    yield shorter;
  }
}

/** The n-grams of one order. */
export function ngramsOf(texts: readonly string[], n: number, options?: TokenOptions): NumberedNgrams {
  return [...ngramOrders(texts, n, options)][n - 1]!;
}

function numbered(sequences: readonly (readonly (string | number)[])[]): NumberedNgrams {
  const numbers = new Map<string | number, number>();
  const numberOf = (item: string | number): number => {
    const known = numbers.get(item);
    if (known !== undefined) return known;
    numbers.set(item, numbers.size);
    return numbers.size - 1;
  };
  return { ofText: sequences.map((sequence) => Int32Array.from(sequence, numberOf)), distinct: numbers.size };
}

/** How often each number occurs. */
export function occurrences(numbers: Iterable<number>): Map<number, number> {
  const counts = new Map<number, number>();
  for (const number of numbers) counts.set(number, (counts.get(number) ?? 0) + 1);
  return counts;
}
