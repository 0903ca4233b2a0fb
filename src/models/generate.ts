import { gatherRows, matmul, sample } from '../tensor/ops/index.js';
import type { Tensor } from '../tensor/tensor.js';
import { checkPrompts } from './check-tokens.js';
import type { ModelConfig } from './config.js';
import { type GenerateBatchOptions, type GenerateProgress, generateOptions } from './generate-options.js';
import { type GenerationPrompt, planGeneration } from './generation-plan.js';
import { CachedSequences, type Sequence } from './generation-sequences.js';
import type { Runner } from './score-batch.js';

/** One sample. */
export interface Generation {
  /** New ids; the token that stopped it is the last one. */
  ids: number[];
  /**
   * Sum over `ids` of log p(token | prompt, earlier tokens) in the model's whole distribution at the temperature, or at 1
   * when that is 0; nats. It is what `scoreTokens` says of them, within rounding, unless the sequence passes longrope's
   * original context on its way.
   */
  logProb: number;
  /** `stop`: it ended with a stop token; `length`: at `maxTokens` or the model's context. */
  finish: 'stop' | 'length';
}

interface Generator extends Runner {
  config: ModelConfig;
}

/** Logits that are in memory at once: 64 MiB. */
const LOGITS = 2 ** 24;

/** See `CausalModel.generateBatch`; `stop` has no default here. */
export async function generateBatch(
  generator: Generator,
  prompts: readonly GenerationPrompt[],
  options: GenerateBatchOptions,
): Promise<Generation[][]> {
  const { config } = generator;
  const { n, maxTokens, batchTokens, ...sampling } = generateOptions(options);
  const { stop = [], signal, onProgress } = options;
  checkPrompts(prompts, config);
  const plan = { n, maxTokens, context: config.context, batchTokens };
  const lengths = prompts.map(({ ids }) => ids.length);
  const generations = prompts.map(() => new Array<Generation>(n));
  const done: GenerateProgress = { samples: 0, tokens: 0 };
  for (const portions of planGeneration(lengths, plan)) {
    using sequences = new CachedSequences(generator, prompts, portions);
    for (let live = sequences.all; live.length > 0; live = live.filter(({ finish }) => finish === null)) {
      signal?.throwIfAborted();
      await generator.device.ready();
      const tensors = generator.device.scope(() =>
        sequences.next(live).flatMap(({ hidden, rows, of }) => drawAll(generator, hidden, rows, of, sampling)),
      );
      for (const { of, ids, logProbs } of tensors) {
        const [tokens, scores] = await Promise.all([readAndDispose(ids), readAndDispose(logProbs)]);
        for (const [i, sequence] of of.entries()) {
          sequence.ids.push(tokens[i]!);
          sequence.logProb += scores[i]!;
          if (stop.includes(tokens[i]!)) sequence.finish = 'stop';
          else if (sequence.ids.length === sequence.limit) sequence.finish = 'length';
          if (sequence.finish !== null) done.samples++;
        }
        done.tokens += of.length;
      }
      onProgress?.({ ...done });
    }
    for (const { prompt, index, ids, logProb, finish } of sequences.all) {
      generations[prompt]![index] = { ids, logProb, finish: finish! };
    }
  }
  return generations;
}

/** One token for each sequence, of the logits at its row of `hidden`. */
function drawAll(
  { device, network }: Generator,
  hidden: Tensor<'f32'>,
  rows: readonly number[],
  of: readonly Sequence[],
  sampling: { temperature: number; topK: number; topP: number; seed: number },
) {
  const draws = [];
  const together = Math.max(1, Math.floor(LOGITS / network.head.shape[0]!));
  for (let first = 0; first < of.length; first += together) {
    const some = of.slice(first, first + together);
    const own = rows.slice(first, first + together);
    // The samples of a prompt begin with the same row.
    const distinct = [...new Set(own)];
    const index = (values: readonly number[]) => device.tensor(Int32Array.from(values), [values.length], 'i32');
    const logits = matmul(gatherRows(hidden, index(distinct)), network.head, { transposed: true });
    const place = new Map(distinct.map((row, i) => [row, i]));
    const counters = some.flatMap(({ stream, index, ids }) => [stream, index, ids.length]);
    draws.push({
      of: some,
      ...sample(
        distinct.length === own.length ? logits : gatherRows(logits, index(own.map((row) => place.get(row)!))),
        device.tensor(Int32Array.from(counters), [some.length, 3], 'i32'),
        sampling,
      ),
    });
  }
  return draws;
}

async function readAndDispose<D extends 'f32' | 'i32'>(tensor: Tensor<D>) {
  try {
    return await tensor.read();
  } finally {
    tensor.dispose();
  }
}
