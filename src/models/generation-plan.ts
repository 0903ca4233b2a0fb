/** A prompt to go on from. */
export interface GenerationPrompt {
  ids: ArrayLike<number>;
  /**
   * Whole number below 2^32 that names the prompt's random numbers; default: its place in the call. Sample i of a prompt
   * depends on its ids, its stream, i and the seed, not on what else is generated.
   */
  stream?: number;
}

/** Some samples of one prompt, which share the prompt's rows of the cache. */
export interface Portion {
  prompt: number;
  /** First sample, and how many. */
  first: number;
  count: number;
  /** Most new tokens of each. */
  limit: number;
  /** Rows of the cache: the prompt's and those of each sample, whose last token is never run. */
  rows: number;
}

interface PlanOptions {
  n: number;
  maxTokens: number;
  context: number;
  batchTokens: number;
}

/** Cuts the samples of all prompts into batches of portions, in order: a pure function of its arguments. */
export function planGeneration(lengths: readonly number[], options: PlanOptions): Portion[][] {
  const { n, maxTokens, context, batchTokens } = options;
  const batches: Portion[][] = [];
  let rows = Number.POSITIVE_INFINITY;
  for (const [prompt, length] of lengths.entries()) {
    const limit = Math.min(maxTokens, context - length);
    const own = limit - 1;
    const together = own === 0 ? n : Math.max(1, Math.floor((batchTokens - length) / own));
    for (let first = 0; first < n; first += together) {
      const count = Math.min(together, n - first);
      const portion = { prompt, first, count, limit, rows: length + count * own };
      if (rows + portion.rows > batchTokens) {
        batches.push([]);
        rows = 0;
      }
      batches.at(-1)!.push(portion);
      rows += portion.rows;
    }
  }
  return batches;
}
