import type { Slate } from '../../data/slate.js';
import type { Generations } from '../../policy/generations.js';
import type { Policy } from '../../policy/policy.js';

/**
 * Mean negative log-probability per token of the responses to each query, given the query, under a model that judges, and their tokens:
 * the perplexity of all is exp of the mean of the first weighted by the second, where tokens weigh alike whatever query they belong to.
 * Empty responses have no part; NaN and 0 for a query that has no others, or that the model cannot read.
 */
export async function negativeLogLikelihoods(
  judge: Policy,
  slates: readonly Slate[],
  texts: Generations['texts'],
  signal: AbortSignal | undefined,
): Promise<{ values: number[]; weights: number[] }> {
  const generated = slates
    .map(({ id, prompt, messages }) => {
      const responses = texts.get(id)!.flatMap((text, i) => (text === '' ? [] : [{ id: `${i}`, text }]));
      return { id, ...(prompt === undefined ? { messages } : { prompt }), responses };
    })
    .filter(({ responses }) => responses.length > 0);
  const scored = new Map<string, { perToken: number; tokens: number }>();
  for await (const { query, responses } of judge.score(generated, signal ? { signal } : {})) {
    const tokens = responses.reduce((sum, response) => sum + response.tokens, 0);
    scored.set(query, { tokens, perToken: responses.reduce((sum, { logprob }) => sum - logprob, 0) / tokens });
  }
  return {
    values: slates.map(({ id }) => scored.get(id)?.perToken ?? Number.NaN),
    weights: slates.map(({ id }) => scored.get(id)?.tokens ?? 0),
  };
}
