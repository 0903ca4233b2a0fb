import type { LoggedDataset } from '../../data/dataset.js';
import { CACHE_ROWS } from '../../models/generate-options.js';
import { type CausalModel, loadModel } from '../../models/index.js';
import { arithmeticOf } from '../../native/arithmetic.js';
import { type GenerationReport, generateToFile } from '../../policy/generation-cache.js';
import type { Generator } from '../../policy/generator.js';
import { LocalGenerator } from '../../policy/local-generator.js';
import { remoteGenerator } from '../../policy/remote-generator.js';
import { REMOTE_BATCH_TOKENS } from '../../policy/remote-options.js';
import { planShards, slatesOf } from '../../shards/plan.js';
import type { ShardedWork } from '../../shards/sharded-work.js';
import { type Context, defineCommand } from '../command.js';
import { ENCODING_FLAGS, encodingOptions } from '../encoding-flags.js';
import {
  defaulted,
  expected,
  nonNegativeNumber,
  oneOf,
  optional,
  outputFile,
  type Parse,
  positiveInteger,
  positiveNumber,
  required,
  text,
  wholeNumber,
} from '../flags.js';
import { describeInterruption, requireQueries } from '../journalled-output.js';
import { type ChosenSplit, chosenSplit, describeLog, LOG_FLAGS, openLog, saySkipped } from '../log-flags.js';
import { ADAPTER_FLAGS, loadOptions } from '../model-flags.js';
import { REMOTE_FLAGS, remoteOptions } from '../remote-flags.js';
import type { Settings } from '../settings.js';
import { SHARD_FLAG, selectSlates, shardToStore } from '../shard-flag.js';
import { readable } from '../table.js';

const share: Parse<number> = (value) => {
  const parsed = positiveNumber(value);
  if (parsed > 1) throw expected('a number above 0 and at most 1', value);
  return parsed;
};

const FLAGS = {
  model: required(
    '--model <dir>',
    'model folder, model of the Hugging Face hub (org/name[@revision]), or URL of a server',
    text,
  ),
  output: required('-o, --output <file>', 'generation file; samples that it has already are kept', outputFile),
  samples: defaulted('-n, --samples <n>', 'samples per query', positiveInteger, 1),
  maxTokens: defaulted('--max-tokens <n>', 'most tokens of a sample, its end included', positiveInteger, 128),
  temperature: defaulted(
    '--temperature <t>',
    'logits are divided by it; 0 takes the most probable',
    nonNegativeNumber,
    1,
  ),
  topK: defaulted('--top-k <n>', 'draw from the n most probable tokens; 0: from all', wholeNumber, 0),
  topP: defaulted('--top-p <share>', 'draw from the fewest tokens with this share of the probability', share, 1),
  device: defaulted('--device <name>', 'auto, cpu or cuda', oneOf('auto', 'cpu', 'cuda'), 'auto'),
  dtype: defaulted('--dtype <name>', 'f32 or bf16', oneOf('f32', 'bf16'), 'f32'),
  batchTokens: optional(
    '--batch-tokens <n>',
    `tokens that are kept in memory at once (default: ${CACHE_ROWS}; of a server ${REMOTE_BATCH_TOKENS})`,
    positiveInteger,
  ),
  ...ADAPTER_FLAGS,
  ...ENCODING_FLAGS,
  name: optional('--name <name>', 'name of the policy (default: folder or model, and hash)', text),
  ...REMOTE_FLAGS,
  ...SHARD_FLAG,
  ...LOG_FLAGS,
};

export const generate = defineCommand({
  examples: [
    'pope generate log.jsonl --model ./run/model -n 50 -o generations.jsonl',
    'pope generate log.jsonl --model ./Llama-3.2-1B --temperature 0.7 --top-p 0.9 --split test -o generations.jsonl',
  ],
  arguments: [['<log>', 'log file, or - for standard input']],
  flags: FLAGS,
  async run([path], settings, context) {
    const { output, shard } = settings;
    const generation = await openGeneration(path!, settings, context);
    try {
      const isDone = shard !== undefined && (await shardToStore(output, shard, generation.work, context));
      if (!isDone) await generateIntoFile(path!, generation, settings, context);
    } finally {
      generation.model?.dispose();
    }
  },
  async openWork([path], settings, context) {
    const { work, model } = await openGeneration(path!, settings, context);
    return { ...work, close: () => model?.dispose() };
  },
});

type GenerateSettings = Settings<typeof FLAGS> & { seed: number };

interface Opened {
  generator: Generator;
  /** The model behind it, where it runs here. */
  model: CausalModel | null;
}

interface Generation extends Opened {
  log: LoggedDataset;
  split: ChosenSplit;
  work: ShardedWork;
}

async function generateIntoFile(
  path: string,
  { log, generator, split, work }: Generation,
  { output, samples: n, shard, split: named }: GenerateSettings,
  context: Context,
): Promise<void> {
  try {
    const { includes, queries } = await selectSlates(split, work, shard, context);
    const report = await generateToFile(generator, log, output, {
      selects: includes,
      signal: context.signal,
      onProgress: showProgress(n, queries, context),
    });
    requireQueries(report, path, named);
    saySkipped(log, context);
    for (const line of summary(report)) context.terminal.say(line);
    context.terminal.say(`policy "${generator.identity.policy}": ${output}`);
  } catch (error) {
    throw describeInterruption(error, output, { some: 'the samples', none: 'nothing was generated yet' });
  }
}

/** The log, the generator, and answering the one by the other in parts. */
async function openGeneration(path: string, settings: GenerateSettings, context: Context): Promise<Generation> {
  const { samples: n } = settings;
  // The split is applied below, because the generations of other splits stay in the file.
  const log = await openLog(path, { ...settings, split: undefined }, context);
  const split = chosenSplit(log, settings);
  const opened = await openGenerator(settings, context);
  const { generator, model } = opened;
  const work: ShardedWork = {
    describe: async () => ({
      kind: 'generations',
      identity: generator.id,
      arithmetic: model === null ? 'server' : arithmeticOf(model.deviceKind),
      ...(await describeLog(log, settings)),
    }),
    plan: (count) => planShards(generator, split.located(), count, () => n),
    async write(shard, file) {
      await generateToFile(generator, slatesOf(split.slates, shard), file, {
        signal: context.signal,
        onProgress: showProgress(n, shard.queries, context),
      });
    },
  };
  return { ...opened, log, split, work };
}

function showProgress(n: number, queries: number | undefined, { terminal }: Context) {
  const total = queries === undefined ? undefined : n * queries;
  return ({ samples }: { samples: number }) =>
    terminal.progress({ label: 'generating', done: samples, total, unit: 'samples' });
}

/** The policy of `--model`. */
async function openGenerator(settings: GenerateSettings, context: Context): Promise<Opened> {
  const { samples: n, maxTokens, temperature, topK, topP, seed, batchTokens, name } = settings;
  const { device, dtype, adapter } = settings;
  const options = {
    ...(await encodingOptions(settings)),
    ...{ n, maxTokens, temperature, topK, topP, seed },
    ...(batchTokens === undefined ? {} : { batchTokens }),
    ...(name === undefined ? {} : { name }),
  };
  const remote = remoteOptions(settings, context);
  if (remote !== null) {
    return { generator: await remoteGenerator(settings.model, { ...remote, ...options }), model: null };
  }
  const model = await loadModel(settings.model, loadOptions({ device, dtype, adapter, frozen: true }, context));
  return { generator: new LocalGenerator(model, options), model };
}

function summary(report: GenerationReport): string[] {
  const { queries, generated, reused, tokens, cut, dropped, skipped, truncated } = report;
  return [
    `${readable(queries)} queries: ${readable(generated)} samples of ${readable(tokens)} tokens generated now, ${readable(reused)} were there`,
    ...(cut > 0 ? [`${readable(cut)} of them reached the most tokens before their end`] : []),
    ...(dropped > 0
      ? [`${readable(dropped)} samples were of prompts that this log does not have any more; dropped`]
      : []),
    ...(skipped > 0 ? [`${readable(skipped)} queries exceed the model's context and were left out`] : []),
    ...(truncated > 0 ? [`the prompts of ${readable(truncated)} queries were cut`] : []),
  ];
}
