import { getLlama, LlamaLogLevel } from 'node-llama-cpp';

/** No cut of the distribution: what log-probabilities are of. */
const WHOLE = { temperature: 1, topK: 0, topP: 1, minP: 0 };

/** Keys and values in f32 and no fused attention, whose products are of f16: slower than as it comes, and exact. */
const EXACT = { flashAttention: false, experimentalKvCacheKeyType: 'F32', experimentalKvCacheValueType: 'F32' };

/**
 * llama.cpp, through node-llama-cpp, on one sequence of tokens.
 *
 * @param {string} path a GGUF file
 * @param {number[]} ids
 * @param {number} threads
 */
export async function openLlamaCpp(path, ids, threads) {
  const llama = await getLlama({ gpu: false, build: 'never', logLevel: LlamaLogLevel.error, maxThreads: 0 });
  const model = await llama.loadModel({ modelPath: path });
  const open = async (options) => {
    const context = await model.createContext({
      contextSize: ids.length + 64, // a full one would be shifted
      batchSize: ids.length,
      threads,
      ...options,
    });
    return { context, sequence: context.getSequence() };
  };
  const { context, sequence } = await open();

  /** log p of every token but the first, by node-llama-cpp's interface for the odds of given text. */
  const logProbs = async (own) => {
    await own.clearHistory();
    const next = (id, i) => {
      const logits = { filter: { tokens: [ids[i + 1]], includeTop: 1 } };
      return [id, { generateNext: { logits, totalLogitWeight: true, options: WHOLE } }];
    };
    const scored = await own.controlledEvaluate(ids.slice(0, -1).map(next));
    return scored.map(({ next: { logits, totalLogitWeight } }, i) => {
      return logits.get(ids[i + 1]) - Math.max(...logits.values()) - Math.log(totalLogitWeight);
    });
  };

  return {
    /** log p of every token but the first, with f32 throughout. */
    async exactLogProbs() {
      const exact = await open(EXACT);
      const result = await logProbs(exact.sequence);
      await exact.context.dispose();
      return result;
    },
    /** The same as it comes: keys and values in f16, fused attention. */
    logProbs: () => logProbs(sequence),
    /** Evaluates the tokens as a prompt: no logits of any. */
    async prompt() {
      await sequence.clearHistory();
      await sequence.evaluateWithoutGeneratingNewTokens(ids);
    },
    /** Draws so many tokens after the given ones. */
    async generate(count) {
      await sequence.clearHistory();
      let drawn = 0;
      for await (const _ of sequence.evaluate(ids, WHOLE)) if (++drawn === count) break;
    },
    /** Evaluates the tokens with logits of each, by the binding itself: the library's own loop samples from each. */
    async logits() {
      const native = context._ctx;
      native.setThreads(threads);
      native.disposeSequence(0);
      native.initBatch(ids.length);
      native.addToBatch(0, 0, Uint32Array.from(ids), Uint32Array.from(ids.keys()));
      await native.decodeBatch();
      native.disposeSequence(0);
    },
    close: () => llama.dispose(),
  };
}
