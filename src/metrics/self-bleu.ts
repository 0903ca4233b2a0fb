import { bleuScore, clippedMatches } from './bleu.js';
import { requirePositiveInteger, requireTexts } from './checks.js';
import { type NumberedNgrams, ngramOrders, occurrences, type TokenOptions } from './ngrams.js';

/** Of Self-BLEU (Zhu et al. 2018). */
export interface SelfBleuOptions extends TokenOptions {
  /** Longest n-gram. Default 3, as in Texygen. */
  maxN?: number | undefined;
}

/**
 * Self-BLEU, in [0, 1]: the mean over texts of the sentence BLEU (method 1) of each against all others; 1 for texts that
 * are all equal, 0 for texts without a common token. A single text has no others to resemble: 0. An empty text
 * scores 0 and counts.
 *
 * Source: Zhu et al. 2018, "Texygen" (docs/theory.md section 8). Texygen judges the first 500 texts only; here all count.
 * @throws UsageError METRIC_INPUT without a text; METRIC_OPTION
 */
export function selfBleu(texts: readonly string[], options: SelfBleuOptions = {}): number {
  requireTexts(texts);
  return selfBleuOfTexts(texts, options).reduce((sum, score) => sum + score, 0) / texts.length;
}

/**
 * The BLEU of each text against all others. For each n-gram it keeps which text has most of it and what the runner-up has,
 * so the time is linear in the tokens; comparing all pairs would be quadratic in the texts.
 */
export function selfBleuOfTexts(texts: readonly string[], { maxN = 3, tokenize }: SelfBleuOptions = {}): Float64Array {
  requirePositiveInteger('maxN', maxN);
  const matches: number[][] = texts.map(() => []);
  let lengths: number[] | undefined;
  for (const order of ngramOrders(texts, maxN, { tokenize })) {
    lengths ??= order.ofText.map((tokens) => tokens.length);
    for (const [text, count] of matchesWithOthers(order).entries()) matches[text]!.push(count);
  }
  const nearest = nearestOtherLengths(lengths!);
  return Float64Array.from(lengths!, (length, text) => bleuScore(matches[text]!, length, nearest.get(length)!));
}

function matchesWithOthers({ ofText, distinct }: NumberedNgrams): number[] {
  const counts = ofText.map(occurrences);
  const most = new Int32Array(distinct);
  const owner = new Int32Array(distinct);
  const runnerUp = new Int32Array(distinct);
  for (const [text, own] of counts.entries()) {
    for (const [ngram, count] of own) {
      if (count > most[ngram]!) {
        runnerUp[ngram] = most[ngram]!;
        most[ngram] = count;
        owner[ngram] = text;
      } else if (count > runnerUp[ngram]!) runnerUp[ngram] = count;
    }
  }
  return counts.map((own, text) =>
    clippedMatches(own, (ngram) => (owner[ngram] === text ? runnerUp[ngram]! : most[ngram]!)),
  );
}

/** For each length of a text, the length nearest to it among the other texts, the shorter of two. */
export function nearestOtherLengths(lengths: readonly number[]): Map<number, number> {
  const texts = occurrences(lengths);
  const sorted = [...texts.keys()].sort((a, b) => a - b);
  return new Map(
    sorted.map((length, at) => {
      if (texts.get(length)! > 1) return [length, length];
      const shorter = sorted[at - 1] ?? Number.NEGATIVE_INFINITY;
      const longer = sorted[at + 1] ?? Number.POSITIVE_INFINITY;
      return [length, length - shorter <= longer - length ? shorter : longer];
    }),
  );
}
