import type { CausalModel } from '../../models/causal-model.js';
import { SlateEncoder } from '../../models/encode-slate.js';
import type { TextQuery } from '../worlds/text/queries.js';
import type { ScoredAnswer } from '../worlds/text/value.js';

/** The longest answer of the worlds' grammar has 20 tokens with its end; what is longer is no sentence of it. */
const LONGEST_ANSWER = 24;

/** A model's answers to queries of a text world, by query id, each with its log-probability at that temperature. */
export async function sampleAnswers(
  model: CausalModel,
  queries: readonly TextQuery[],
  options: { samples: number; temperature: number; seed: number; signal?: AbortSignal | undefined },
): Promise<Map<string, ScoredAnswer[]>> {
  const { samples: n, temperature, seed, signal } = options;
  const tokenizer = model.tokenizer!;
  const encoder = new SlateEncoder(tokenizer, model.context);
  const prompts = queries.map(({ id, prompt, index }) => {
    return { ids: encoder.encode({ id, prompt, responses: [] }).promptIds, stream: index };
  });
  const generations = await model.generateBatch(prompts, {
    n,
    temperature,
    seed,
    maxTokens: LONGEST_ANSWER,
    ...(signal ? { signal } : {}),
  });
  const answers = queries.map(({ id }, i): [string, ScoredAnswer[]] => [
    id,
    generations[i]!.map(({ ids, logProb }) => ({ text: tokenizer.decode(ids, { skipSpecial: true }), logProb })),
  ]);
  return new Map(answers);
}
