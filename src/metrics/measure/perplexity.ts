import type { Slate } from '../../data/slate.js';
import type { Generations } from '../../policy/generations.js';
import type { Policy } from '../../policy/policy.js';
import type { MetricIntervalOptions } from '../intervals.js';
import { type MeasuredMean, meanWithInterval } from '../mean-with-interval.js';

/**
 * exp of the mean negative log-probability per token of the responses, given their queries, under a model that judges. Tokens weigh
 * alike, whatever query they belong to; resampled are queries. Empty responses have no part.
 */
export async function perplexity(
  judge: Policy,
  slates: readonly Slate[],
  texts: Generations['texts'],
  intervals: MetricIntervalOptions,
  signal: AbortSignal | undefined,
): Promise<MeasuredMean> {
  const generated = slates
    .map(({ id, prompt, messages }) => {
      const responses = texts.get(id)!.flatMap((text, i) => (text === '' ? [] : [{ id: `${i}`, text }]));
      return { id, ...(prompt === undefined ? { messages } : { prompt }), responses };
    })
    .filter(({ responses }) => responses.length > 0);
  const perToken: number[] = [];
  const weights: number[] = [];
  for await (const { responses } of judge.score(generated, signal ? { signal } : {})) {
    const tokens = responses.reduce((sum, response) => sum + response.tokens, 0);
    perToken.push(responses.reduce((sum, response) => sum - response.logprob, 0) / tokens);
    weights.push(tokens);
  }
  const mean = meanWithInterval(perToken, { ...intervals, weights });
  const exp = (value: number | null) => (value === null ? null : Math.exp(value));
  return {
    value: exp(mean.value),
    low: exp(mean.low),
    high: exp(mean.high),
    queries: mean.queries,
    undefinedQueries: slates.length - mean.queries,
  };
}
