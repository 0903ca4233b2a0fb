import { checkPrompts } from './check-tokens.js';
import type { ModelConfig } from './config.js';
import { DecodeSteps } from './decode-steps.js';
import { type Drawn, drawNext, type Sampling } from './draw-tokens.js';
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

/**
 * Steps that are enqueued before their tokens are read, and the share of sequences below which those that have ended are
 * left out. On a GPU a read waits until all is done, and rows more or less cost little beside the weights that each step
 * reads; on a CPU a read costs nothing, and a row what it computes.
 */
const PACE = { cpu: { steps: 1, share: 1 }, cuda: { steps: 8, share: 0.75 } };

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
    using drawing = new Drawing(generator, sequences, { sampling, stop });
    for (let live = sequences.all; live.length > 0; live = live.filter(({ finish }) => finish === null)) {
      signal?.throwIfAborted();
      await generator.device.ready();
      for (const step of await drawing.next(live)) {
        signal?.throwIfAborted();
        for (const { sequence, token, logProb } of step) {
          if (sequence.finish !== null) continue;
          sequence.ids.push(token);
          sequence.logProb += logProb;
          if (stop.includes(token)) sequence.finish = 'stop';
          else if (sequence.ids.length === sequence.limit) sequence.finish = 'length';
          if (sequence.finish !== null) done.samples++;
          done.tokens++;
        }
        onProgress?.({ ...done });
      }
    }
    for (const { prompt, index, ids, logProb, finish } of sequences.all) {
      generations[prompt]![index] = { ids, logProb, finish: finish! };
    }
  }
  return generations;
}

/** Draws the next tokens of a batch's sequences, step by step or, where they only go on, by a program of steps. */
class Drawing {
  private steps: DecodeSteps | null = null;

  constructor(
    private readonly generator: Generator,
    private readonly sequences: CachedSequences,
    private readonly options: { sampling: Sampling; stop: readonly number[] },
  ) {}

  /** What the next steps drew; sequences that end on the way are in the rest of them too. */
  async next(live: readonly Sequence[]): Promise<Drawn[][]> {
    const { generator, sequences, options } = this;
    const { steps, share } = PACE[generator.device.kind];
    const ahead = sequences.stepsAhead(live);
    if (ahead === 0) {
      this.dispose();
      return [await drawNext(generator, sequences, live, options.sampling)];
    }
    if (this.steps !== null && live.length < this.steps.of.length && live.length <= share * this.steps.of.length) {
      this.dispose();
    }
    this.steps ??= new DecodeSteps(generator, sequences.newest(live), { ...options, steps });
    const most = Math.max(...live.map(({ limit, ids }) => limit - ids.length));
    return this.steps.draw(Math.min(steps, ahead, most));
  }

  dispose(): void {
    this.steps?.dispose();
    this.steps = null;
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}
