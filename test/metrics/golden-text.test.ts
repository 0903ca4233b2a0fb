/** Distinct-n, n-gram entropy, BLEU and Self-BLEU against the values of Texygen, nltk and scipy. */
import { describe, expect, it } from 'vitest';
import {
  bleu,
  distinct,
  entropy,
  ngramCounts,
  normalizedEntropy,
  selfBleu,
  selfBleuOfTexts,
  whitespaceTokens,
} from '../../src/metrics/index.js';
import { expectClose } from '../helpers/tolerance.js';
import { golden, goldenTolerance } from './golden.js';

interface NgramValues {
  distinct: number;
  total: number;
  ratio: number;
  ratio_per_token: number;
  mean_per_sentence: number;
  entropy_nats: number;
  entropy_bits: number;
  entropy_over_ln_types: number | null;
  entropy_over_ln_total: number | null;
}

interface TextList {
  name: string;
  sentences: string[];
  tokens: string[][];
  ngram: Record<string, NgramValues>;
  texygen_self_bleu: Record<string, { score: number; per_sentence: number[] }>;
  texygen_unique_gram: Record<string, number>;
}

const lists: TextList[] = golden('text-diversity').lists;

/** The values that are defined, as two lists. */
function expectGolden(pairs: [value: number, wanted: number | null][], what: string): void {
  for (const [value, wanted] of pairs) if (wanted === null) expect(value).toBeNaN();
  const defined = pairs.filter(([, wanted]) => wanted !== null) as [number, number][];
  expectClose(
    defined.map(([value]) => value),
    defined.map(([, wanted]) => wanted),
    goldenTolerance,
    what,
  );
}

describe.each(lists)('text list $name', ({ sentences, tokens, ngram, ...texygen }) => {
  it('has these tokens', () => {
    expect(sentences.map(whitespaceTokens)).toEqual(tokens);
  });

  it.each(Object.keys(ngram).map(Number))('has this variety of %i-grams', (n) => {
    const wanted = ngram[n]!;
    const counts = ngramCounts(sentences, n);
    const total = counts.reduce((sum, count) => sum + count, 0);
    const perSentence = sentences
      .filter((sentence) => whitespaceTokens(sentence).length >= n)
      .map((sentence) => distinct([sentence], n));
    const nats = entropy(counts);
    expectGolden(
      [
        [counts.length, wanted.distinct],
        [total, wanted.total],
        [distinct(sentences, n), wanted.ratio],
        [distinct(sentences, n, { denominator: 'tokens' }), wanted.ratio_per_token],
        [perSentence.reduce((sum, value) => sum + value, 0) / perSentence.length, wanted.mean_per_sentence],
        [nats, wanted.entropy_nats],
        [nats / Math.LN2, wanted.entropy_bits],
        [normalizedEntropy(counts), wanted.entropy_over_ln_types],
        [total > 1 ? nats / Math.log(total) : Number.NaN, wanted.entropy_over_ln_total],
      ],
      `${n}-grams`,
    );
  });

  it.each(Object.keys(texygen.texygen_self_bleu).map(Number))('has the Self-BLEU of Texygen up to %i-grams', (maxN) => {
    const wanted = texygen.texygen_self_bleu[maxN]!;
    expectClose(selfBleuOfTexts(sentences, { maxN }), wanted.per_sentence, goldenTolerance, 'each sentence');
    expectClose([selfBleu(sentences, { maxN })], [wanted.score], goldenTolerance, 'mean');
  });

  it('has the different n-grams per sentence of Texygen', () => {
    const wanted = Object.entries(texygen.texygen_unique_gram);
    expectClose(
      wanted.map(([n]) => ngramCounts(sentences, Number(n)).length / sentences.length),
      wanted.map(([, value]) => value),
      goldenTolerance,
    );
  });
});

describe('BLEU', () => {
  interface Sentence {
    source: string;
    references: string[][];
    hypothesis: string[];
    values: { max_n: number; smoothing: string; bleu: number }[];
  }
  const smoothings = { method1: 'method1', method0: 'none' } as const;

  it.each(golden('bleu').sentence as Sentence[])(
    'of a sentence of $source is that of nltk',
    ({ hypothesis, references, values }) => {
      for (const [theirs, smoothing] of Object.entries(smoothings)) {
        const wanted = values.filter((value) => value.smoothing === theirs);
        expect(wanted).toHaveLength(4);
        const texts = references.map((tokens) => tokens.join(' '));
        expectClose(
          wanted.map(({ max_n: maxN }) => bleu(hypothesis.join(' '), texts, { maxN, smoothing })),
          // Where an order has no match nltk puts the smallest double in its place, so that 0 becomes 1e-77 or less.
          wanted.map((value) => value.bleu),
          goldenTolerance,
          theirs,
        );
      }
    },
  );
});

describe('entropy', () => {
  interface Counts {
    counts: number[];
    entropy_nats: number;
    entropy_bits: number;
    over_ln_len: number | null;
    over_ln_nonzero: number | null;
  }

  it.each(golden('entropy').cases as Counts[])('of $counts is that of scipy', ({ counts, ...wanted }) => {
    expectGolden(
      [
        [entropy(counts), wanted.entropy_nats],
        [entropy(counts) / Math.LN2, wanted.entropy_bits],
        [normalizedEntropy(counts), wanted.over_ln_len],
        [normalizedEntropy(counts, { over: 'occurring' }), wanted.over_ln_nonzero],
      ],
      'entropy',
    );
  });
});
