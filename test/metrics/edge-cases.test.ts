/** The table of edge cases of docs/metrics.md: what every metric does where its formula is silent. */
import { describe, expect, it } from 'vitest';
import {
  bleu,
  bradleyTerryLogLikelihood,
  cosineSimilarity,
  distinct,
  distributionalAlignment,
  entropy,
  helpfulness,
  jensenShannonDistance,
  kendallTau,
  ngramCounts,
  normalizedEntropy,
  overtonCoverage,
  pairwiseDiversity,
  plackettLuceLogLikelihood,
  plScore,
  pluralisticCoverage,
  referenceShares,
  relevance,
  selfBleu,
  selfBleuOfTexts,
  spearman,
  totalVariation,
} from '../../src/metrics/index.js';
import { expectClose, tolerances } from '../helpers/tolerance.js';
import { similarityOf } from './matrices.js';

const one = similarityOf([[0.75]]);
const row = similarityOf([[0.25, 0.75]]);
const zero = similarityOf([
  [0, 0],
  [0, 0],
]);
const zeroVector = new Float32Array(3);

type Case = [name: string, value: () => unknown, wanted: unknown];

const decided: Case[] = [
  ['distinct: one text', () => distinct(['a a b'], 1), 2 / 3],
  ['distinct: empty text', () => distinct([''], 1), 0],
  ['distinct: empty text among others', () => distinct(['', 'a b', ' \n\t'], 1), 1],
  ['distinct: all shorter than n', () => distinct(['a', 'b c'], 3), 0],
  ['distinct: some shorter than n', () => distinct(['a', 'b c'], 2), 1],
  ['distinct: shorter than n, by tokens', () => distinct(['a', 'b c'], 2, { denominator: 'tokens' }), 1 / 3],
  ['distinct: n-grams do not cross texts', () => distinct(['a b', 'b a'], 2), 1],
  ['distinct: own tokens', () => distinct(['aab'], 1, { tokenize: (text) => [...text] }), 2 / 3],
  ['ngramCounts: empty text', () => [...ngramCounts([''], 1)], []],
  ['bleu: empty text', () => bleu('', ['a']), 0],
  ['bleu: no references', () => bleu('a', []), 0],
  ['bleu: empty reference', () => bleu('a', ['']), 0],
  ['bleu: text shorter than n', () => bleu('a', ['a'], { maxN: 2 }), Math.sqrt(0.1)],
  ['bleu: text shorter than n, not smoothed', () => bleu('a', ['a'], { maxN: 2, smoothing: 'none' }), 0],
  ['selfBleu: one text', () => selfBleu(['a b c']), 0],
  ['selfBleu: empty texts', () => selfBleu(['', '']), 0],
  ['selfBleu: empty text among others', () => [...selfBleuOfTexts(['', 'a b c', 'a b c'])], [0, 1, 1]],
  ['selfBleu: texts shorter than n', () => selfBleu(['a', 'a'], { maxN: 2 }), Math.sqrt(0.1)],
  ['entropy: nothing counted', () => entropy([0, 0]), Number.NaN],
  ['normalizedEntropy: one category', () => normalizedEntropy([5]), Number.NaN],
  ['normalizedEntropy: one that occurs', () => normalizedEntropy([5, 0]), 0],
  ['normalizedEntropy: counts beyond a double', () => normalizedEntropy([1e308, 1e308]), 1],
  ['plackettLuce: nothing ranked', () => plackettLuceLogLikelihood([1, 2], []), 0],
  ['plackettLuce: one item', () => plackettLuceLogLikelihood([3], [0]), 0],
  ['bradleyTerry: equal', () => bradleyTerryLogLikelihood(7, 7), -Math.LN2],
  ['spearman: constant side', () => spearman([1, 1, 1], [1, 2, 3]), Number.NaN],
  ['spearman: one pair', () => spearman([1], [1]), Number.NaN],
  ['kendallTau: constant side', () => kendallTau([1, 2, 3], [4, 4, 4]), Number.NaN],
  ['kendallTau: no pair', () => kendallTau([], []), Number.NaN],
  ['plScore: one reference', () => plScore(one, [0]), 0.75],
  ['plScore: equal votes', () => plScore(row, [3, 3]), 0.5],
  ['plScore: nobody voted', () => plScore(row, [0, 0]), 0.5],
  ['plScore: negative votes', () => plScore(row, [-5, 2]), 0.75],
  ['plScore: negative cosine', () => plScore(similarityOf([[-0.5, 0.5]]), [1, 1]), 0.25],
  ['plScore: cosine above 1 by rounding', () => plScore(similarityOf([[1.0000005]]), [1]), 1],
  ['plScore: votes beyond a double', () => plScore(row, [1e308, 1e308]), 0.5],
  ['plScore: zero vectors', () => plScore(zero, [1, 2], { aggregate: 'max' }), 0],
  ['helpfulness: equal votes', () => helpfulness(row, [9, 9]), 0.5],
  ['helpfulness: one reference', () => helpfulness(one, [4]), 0.75],
  ['helpfulness: negative votes', () => helpfulness(row, [-5, -1]), 0.75],
  ['helpfulness: votes beyond a double', () => helpfulness(row, [-1e308, 1e308]), 0.75],
  ['relevance: one response', () => relevance(one), 0.75],
  ['diversity: one response', () => pairwiseDiversity(one), 0],
  ['diversity: zero vectors', () => pairwiseDiversity(zero), 1],
  ['coverage: similarity of exactly tau', () => pluralisticCoverage(similarityOf([[0.7, 0.8]]), { tau: 0.7 }), 1],
  ['coverage: k beyond n', () => pluralisticCoverage(row, { tau: 0.7, k: 9 }), 0.5],
  ['coverage: one reference', () => pluralisticCoverage(one, { tau: 0.7 }), 1],
  ['coverage: zero vectors', () => pluralisticCoverage(zero), 0],
  ['overtonCoverage: no group', () => overtonCoverage(row, [[], []]), []],
  ['alignment: one reference, reached', () => distributionalAlignment(one), 1],
  ['alignment: one reference, not reached', () => distributionalAlignment(one, { threshold: 0.8 }), 0],
  ['alignment: one reference, softmax', () => distributionalAlignment(one, { mode: 'softmax' }), 1],
  ['alignment: none reaches a reference', () => distributionalAlignment(zero), 0],
  ['alignment: all to one reference', () => distributionalAlignment(row), 0],
  ['alignment: similarity of exactly the threshold', () => [...referenceShares(one, { threshold: 0.75 })], [1]],
  ['alignment: equally near references', () => [...referenceShares(similarityOf([[0.6, 0.6, 0]]))], [0.5, 0.5, 0]],
  ['alignment: zero vectors, softmax', () => distributionalAlignment(zero, { mode: 'softmax' }), 1],
  ['alignment: tiny temperature', () => [...referenceShares(row, { mode: 'softmax', temperature: 1e-300 })], [0, 1]],
  ['cosine: zero vector', () => [...cosineSimilarity([zeroVector], [zeroVector, zeroVector]).values], [0, 0]],
  ['cosine: no dimension', () => [...cosineSimilarity([new Float32Array(0)], [new Float32Array(0)]).values], [0]],
  ['totalVariation: nothing against something', () => totalVariation([0, 0], [1, 3]), 1],
  ['totalVariation: nothing against nothing', () => totalVariation([0, 0], [0, 0]), 0],
  ['jensenShannon: nothing against something', () => jensenShannonDistance([0, 0], [1, 3]), 1],
  ['jensenShannon: nothing in common', () => jensenShannonDistance([1, 0], [0, 1]), 1],
];

describe('edge cases', () => {
  it.each(decided)('%s', (_, value, wanted) => {
    if (typeof wanted === 'number') expectClose([value() as number], [wanted], tolerances.f64);
    else expect(value()).toEqual(wanted);
  });
});

const notANumber = similarityOf([[Number.NaN]]);

const refused: [name: string, call: () => unknown, code: string, message: RegExp][] = [
  ['no text', () => distinct([], 1), 'METRIC_INPUT', /at least one text/],
  ['no text', () => selfBleu([]), 'METRIC_INPUT', /at least one text/],
  ['n of 0', () => distinct(['a'], 0), 'METRIC_OPTION', /n of a metric must be an integer of at least 1, not number 0/],
  ['maxN of 1.5', () => selfBleu(['a'], { maxN: 1.5 }), 'METRIC_OPTION', /maxN/],
  ['denominator', () => distinct(['a'], 1, { denominator: 'words' as 'tokens' }), 'METRIC_OPTION', /ngrams or tokens/],
  ['smoothing', () => bleu('a', [], { smoothing: 'method4' as 'none' }), 'METRIC_OPTION', /method1 or none/],
  ['over', () => normalizedEntropy([1, 1], { over: 'all' as 'occurring' }), 'METRIC_OPTION', /over/],
  ['no category', () => entropy([]), 'METRIC_INPUT', /at least one category/],
  ['negative count', () => entropy([1, -1]), 'METRIC_INPUT', /number 1 is -1/],
  ['infinite count', () => totalVariation([1, Infinity], [1, 1]), 'METRIC_INPUT', /number 1 is number Infinity/],
  ['histograms of two lengths', () => totalVariation([1], [1, 1]), 'METRIC_INPUT', /got 1 and 2/],
  [
    'item that does not exist',
    () => plackettLuceLogLikelihood([1, 2], [2]),
    'METRIC_INPUT',
    /items 0 to 1, got number 2/,
  ],
  ['item ranked twice', () => plackettLuceLogLikelihood([1, 2], [1, 1]), 'METRIC_INPUT', /twice/],
  ['score that is no number', () => bradleyTerryLogLikelihood(1, Number.NaN), 'METRIC_INPUT', /number 1 is number NaN/],
  ['lists of two lengths', () => spearman([1], [1, 2]), 'METRIC_INPUT', /got 1 and 2/],
  ['NaN to rank', () => kendallTau([1, 2], [1, Number.NaN]), 'METRIC_INPUT', /second list: number 1/],
  ['similarity of another shape', () => relevance({ ...one, n: 2 }), 'METRIC_INPUT', /got 1 values for n = 2, m = 1/],
  ['no response', () => relevance({ values: new Float32Array(0), n: 0, m: 1 }), 'METRIC_INPUT', /n = 0/],
  ['similarity that is NaN', () => relevance(notANumber), 'METRIC_INPUT', /response 0 to reference 0.*NaN/],
  [
    'similarity times 100',
    () => plScore(similarityOf([[0, 75]]), [1, 1]),
    'METRIC_INPUT',
    /reference 1.*got number 75/,
  ],
  ['votes of another length', () => plScore(one, [1, 2]), 'METRIC_INPUT', /one number per reference, 1, got 2/],
  ['votes that are NaN', () => helpfulness(one, [Number.NaN]), 'METRIC_INPUT', /Votes: number 0/],
  ['aggregate', () => plScore(one, [1], { aggregate: 'sum' as 'max' }), 'METRIC_OPTION', /mean or max/],
  ['several queries', () => relevance(row), 'METRIC_INPUT', /got m = 2/],
  ['responses against references', () => pairwiseDiversity(row), 'METRIC_INPUT', /got n = 1, m = 2/],
  ['tau in percent', () => pluralisticCoverage(one, { tau: 80 }), 'METRIC_OPTION', /tau/],
  ['k of 0', () => pluralisticCoverage(one, { k: 0 }), 'METRIC_OPTION', /k of a metric/],
  [
    'clusters of another length',
    () => pluralisticCoverage(one, { clusters: [] }),
    'METRIC_INPUT',
    /clusters.*1, got 0/,
  ],
  ['groups of another length', () => overtonCoverage(row, ['a']), 'METRIC_INPUT', /groups.*2, got 1/],
  ['mode', () => distributionalAlignment(one, { mode: 'hard' as 'nearest' }), 'METRIC_OPTION', /nearest or softmax/],
  ['threshold', () => distributionalAlignment(one, { threshold: -1 }), 'METRIC_OPTION', /threshold/],
  ['temperature', () => distributionalAlignment(one, { temperature: 0 }), 'METRIC_OPTION', /temperature/],
  ['no vectors', () => cosineSimilarity([], [zeroVector]), 'METRIC_INPUT', /got 0 and 1/],
  ['vectors of two lengths', () => cosineSimilarity([zeroVector], [new Float32Array(2)]), 'METRIC_INPUT', /got 2/],
];

describe('bad input', () => {
  it.each(refused)('%s is refused', (_, call, code, message) => {
    expect(call).toThrow(expect.objectContaining({ code, message: expect.stringMatching(message) }));
  });
});
