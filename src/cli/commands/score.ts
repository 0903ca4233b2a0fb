import type { LoggedDataset } from '../../data/dataset.js';
import { UsageError } from '../../errors.js';
import { type CausalModel, loadModel } from '../../models/index.js';
import { arithmeticOf } from '../../native/arithmetic.js';
import { DEFAULT_BATCH_TOKENS, LocalPolicy } from '../../policy/local-policy.js';
import { REMOTE_BATCH_TOKENS } from '../../policy/remote-options.js';
import { type RemotePolicy, remotePolicy } from '../../policy/remote-policy.js';
import { type ScoreReport, scoreToFile } from '../../policy/score-cache.js';
import type { ServerProbe } from '../../remote/probe.js';
import { planShards, slatesOf } from '../../shards/plan.js';
import type { ShardedWork } from '../../shards/sharded-work.js';
import { type Context, defineCommand } from '../command.js';
import { ENCODING_FLAGS, encodingOptions } from '../encoding-flags.js';
import { defaulted, oneOf, optional, outputFile, positiveInteger, positiveNumber, required, text } from '../flags.js';
import { describeInterruption, requireQueries } from '../journalled-output.js';
import { type ChosenSplit, chosenSplit, describeLog, LOG_FLAGS, openLog, saySkipped } from '../log-flags.js';
import { ADAPTER_FLAGS, loadOptions } from '../model-flags.js';
import { REMOTE_FLAGS, remoteOptions } from '../remote-flags.js';
import type { Settings } from '../settings.js';
import { SHARD_FLAG, selectSlates, shardToStore } from '../shard-flag.js';
import { readable } from '../table.js';

const FLAGS = {
  model: required(
    '--model <dir>',
    'model folder, model of the Hugging Face hub (org/name[@revision]), or URL of a server',
    text,
  ),
  output: required('-o, --output <file>', 'score file; scores that it has already are kept', outputFile),
  device: defaulted('--device <name>', 'auto, cpu or cuda', oneOf('auto', 'cpu', 'cuda'), 'auto'),
  dtype: defaulted('--dtype <name>', 'f32 or bf16', oneOf('f32', 'bf16'), 'f32'),
  batchTokens: optional(
    '--batch-tokens <n>',
    `tokens that are run at once (default: ${DEFAULT_BATCH_TOKENS}; of a server ${REMOTE_BATCH_TOKENS})`,
    positiveInteger,
  ),
  temperature: defaulted('--temperature <t>', 'logits are divided by it', positiveNumber, 1),
  ...ADAPTER_FLAGS,
  ...ENCODING_FLAGS,
  name: optional('--name <name>', 'name of the policy (default: folder or model, and hash)', text),
  ...REMOTE_FLAGS,
  tolerance: optional(
    '--tolerance <nats>',
    "URL: most that a token's score may change between two askings (default: 0.1)",
    positiveNumber,
  ),
  ...SHARD_FLAG,
  ...LOG_FLAGS,
};

export const score = defineCommand({
  examples: [
    'pope score log.jsonl --model ./Llama-3.2-1B -o target.jsonl',
    'pope score log.jsonl --model ./pi0 --temperature 1.3 -o logging.jsonl',
    'pope score log.jsonl --model http://localhost:8000/v1 --model-name qwen3-8b --tokenizer ./Qwen3-8B -o target.jsonl',
  ],
  arguments: [['<log>', 'log file, or - for standard input']],
  flags: FLAGS,
  async run([path], settings, context) {
    const { output, shard } = settings;
    const scoring = await openScoring(path!, settings, context);
    try {
      const isDone = shard !== undefined && (await shardToStore(output, shard, scoring.work, context));
      if (!isDone) await scoreIntoFile(path!, scoring, settings, context);
    } finally {
      scoring.model?.dispose();
    }
  },
  async openWork([path], settings, context) {
    const { work, model } = await openScoring(path!, settings, context);
    return { ...work, close: () => model?.dispose() };
  },
});

async function scoreIntoFile(
  path: string,
  { log, policy, model, split, work }: Scoring,
  { output, shard, split: named }: Settings<typeof FLAGS>,
  context: Context,
): Promise<void> {
  try {
    const { includes, queries } = await selectSlates(split, work, shard, context);
    const report = await scoreToFile(policy, log, output, {
      selects: includes,
      signal: context.signal,
      onProgress: ({ queries: done }) =>
        context.terminal.progress({ label: 'scoring', done, total: queries, unit: 'queries' }),
    });
    requireQueries(report, path, named);
    saySkipped(log, context);
    for (const line of summary(report)) context.terminal.say(line);
    if (model === null && report.scored > 0) context.terminal.say(describeProbe(await policy.probe()));
    context.terminal.say(`policy "${policy.identity.policy}": ${output}`);
  } catch (error) {
    throw describeInterruption(error, output, { some: 'the scores', none: 'nothing was scored yet' });
  }
}

type Opened = { policy: LocalPolicy; model: CausalModel } | { policy: RemotePolicy; model: null };
type Scoring = Opened & { log: LoggedDataset; split: ChosenSplit; work: ShardedWork };

/** The log, the policy, and scoring the one under the other in parts. */
async function openScoring(path: string, settings: Settings<typeof FLAGS>, context: Context): Promise<Scoring> {
  // The split is applied below, because the scores of other splits stay in the file.
  const log = await openLog(path, { ...settings, split: undefined }, context);
  const split = chosenSplit(log, settings);
  const opened = await openPolicy(settings, context);
  const { policy, model } = opened;
  const work: ShardedWork = {
    describe: async () => ({
      kind: 'scores',
      identity: policy.id,
      arithmetic: model === null ? 'server' : arithmeticOf(model.deviceKind),
      ...(await describeLog(log, settings)),
    }),
    plan: (count) => planShards(policy, split.located(), count, ({ responses }) => responses.length),
    async write(shard, file) {
      await scoreToFile(policy, slatesOf(split.slates, shard), file, {
        signal: context.signal,
        onProgress: ({ queries: done }) =>
          context.terminal.progress({ label: 'scoring', done, total: shard.queries, unit: 'queries' }),
      });
    },
  };
  return { ...opened, log, split, work };
}

/** The policy of `--model`, and the model behind it where it runs here. */
async function openPolicy(settings: Settings<typeof FLAGS>, context: Context): Promise<Opened> {
  const { device, dtype, adapter, temperature, batchTokens, name, tolerance } = settings;
  const options = {
    ...(await encodingOptions(settings)),
    ...(batchTokens === undefined ? {} : { batchTokens }),
    ...(name === undefined ? {} : { name }),
  };
  const remote = remoteOptions(settings, context);
  if (remote === null) {
    const model = await loadModel(settings.model, loadOptions({ device, dtype, adapter, frozen: true }, context));
    return { policy: new LocalPolicy(model, { ...options, temperature }), model };
  }
  if (temperature !== 1) {
    const why = 'another one needs whole distributions, which servers do not give';
    throw new UsageError('TEMPERATURE', `--temperature ${temperature}: a server scores at temperature 1: ${why}`);
  }
  return { policy: await remotePolicy(settings.model, { ...remote, ...options, tolerance }), model: null };
}

function describeProbe({ dialect, change, top }: ServerProbe): string {
  const sent = { ids: 'token ids', text: 'text', 'text-without-bos': 'text without BOS' }[dialect.send];
  const known = top === null ? '' : `; the ${top.tokens} likeliest tokens had up to ${Math.round(100 * top.share)} %`;
  return `server: ${dialect.form} of ${sent}; asked again, a token's score changed by up to ${change.toPrecision(2)} nats${known}`;
}

function summary(report: ScoreReport): string[] {
  const { queries, responses, scored, reused, stale, dropped, skipped, truncated } = report;
  return [
    `${readable(queries)} queries, ${readable(responses)} responses: ${readable(scored)} scored now, ${readable(reused)} were there`,
    ...(stale > 0 ? [`${readable(stale)} of them had the score of another text`] : []),
    ...(dropped > 0 ? [`${readable(dropped)} scores belong to no response of this log any more and were dropped`] : []),
    ...(skipped > 0 ? [`${readable(skipped)} queries exceed the model's context and were left out`] : []),
    ...(truncated.tokens > 0
      ? [`${readable(truncated.tokens)} tokens were cut from prompts, over ${readable(truncated.responses)} responses`]
      : []),
  ];
}
