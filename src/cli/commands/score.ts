import type { LoggedDataset } from '../../data/dataset.js';
import type { Slate } from '../../data/slate.js';
import { loadModel } from '../../models/index.js';
import { type Shard, selectShard } from '../../policy/batch-policy.js';
import { DEFAULT_BATCH_TOKENS, LocalPolicy, type LocalPolicyOptions } from '../../policy/local-policy.js';
import { type ScoreReport, scoreToFile } from '../../policy/score-cache.js';
import { type Context, defineCommand } from '../command.js';
import { ENCODING_FLAGS, encodingOptions } from '../encoding-flags.js';
import {
  defaulted,
  expected,
  oneOf,
  optional,
  outputFile,
  type Parse,
  positiveInteger,
  positiveNumber,
  required,
  text,
} from '../flags.js';
import { describeInterruption, requireQueries } from '../journalled-output.js';
import { chosenSplit, LOG_FLAGS, type LogSettings, openLog, saySkipped } from '../log-flags.js';
import type { Settings } from '../settings.js';
import { readable } from '../table.js';

const parseShard: Parse<Shard> = (value) => {
  const [, index, count] = (/^(\d+)\/(\d+)$/.exec(value) ?? []).map(Number);
  if (index === undefined || count === undefined || index < 1 || index > count) {
    throw expected('a part such as 2/4, counted from 1', value);
  }
  return { index, count };
};

const FLAGS = {
  model: required('--model <dir>', 'Hugging Face model folder', text),
  output: required('-o, --output <file>', 'score file; scores that it has already are kept', outputFile),
  device: defaulted('--device <name>', 'auto, cpu or cuda', oneOf('auto', 'cpu', 'cuda'), 'auto'),
  dtype: defaulted('--dtype <name>', 'f32 or bf16', oneOf('f32', 'bf16'), 'f32'),
  batchTokens: defaulted('--batch-tokens <n>', 'tokens that are run at once', positiveInteger, DEFAULT_BATCH_TOKENS),
  temperature: defaulted('--temperature <t>', 'logits are divided by it', positiveNumber, 1),
  ...ENCODING_FLAGS,
  name: optional('--name <name>', 'name of the policy (default: folder and hash)', text),
  shard: optional('--shard <i/n>', 'only part i of n, counted from 1', parseShard),
  ...LOG_FLAGS,
};

export const score = defineCommand({
  name: 'score',
  summary: 'Score every response of a log with a language model, into a file that is also a resumable cache.',
  examples: [
    'pope score log.jsonl --model ./Llama-3.2-1B -o target.jsonl',
    'pope score log.jsonl --model ./pi0 --temperature 1.3 -o logging.jsonl',
  ],
  arguments: [['<log>', 'log file, or - for standard input']],
  flags: FLAGS,
  async run([path], settings, context) {
    const { output } = settings;
    // The split is applied below, because the scores of other splits stay in the file.
    const log = await openLog(path!, { ...settings, split: undefined }, context);
    const model = await loadModel(settings.model, { device: settings.device, dtype: settings.dtype });
    try {
      const policy = new LocalPolicy(model, await policyOptions(settings));
      const { includes, queries } = await selection(log, policy, settings, context);
      const report = await scoreToFile(policy, log, output, {
        selects: includes,
        signal: context.signal,
        onProgress: ({ queries: done }) =>
          context.terminal.progress({ label: 'scoring', done, total: queries, unit: 'queries' }),
      });
      requireQueries(report, path!, settings.split);
      saySkipped(log, context);
      for (const line of summary(report)) context.terminal.say(line);
      context.terminal.say(`policy "${policy.identity.policy}": ${output}`);
    } catch (error) {
      throw describeInterruption(error, output, { some: 'the scores', none: 'nothing was scored yet' });
    } finally {
      model.dispose();
    }
  },
});

async function policyOptions(settings: Settings<typeof FLAGS>): Promise<LocalPolicyOptions> {
  const { temperature, batchTokens, name } = settings;
  const encoding = await encodingOptions(settings);
  return { ...encoding, temperature, batchTokens, ...(name === undefined ? {} : { name }) };
}

/** Which slates this run scores; how many, where a pass that counts them is made or wanted. */
async function selection(
  log: LoggedDataset,
  policy: LocalPolicy,
  settings: Pick<LogSettings, 'split' | 'splitRatio' | 'splitSeed'> & { shard: Shard | undefined },
  context: Context,
): Promise<{ includes: (slate: Slate) => boolean; queries: number | undefined }> {
  const { includes: inSplit, slates, count } = chosenSplit(log, settings);
  if (settings.shard === undefined) return { includes: inSplit, queries: await count(context) };
  const { includes, queries } = await selectShard(policy, slates(), settings.shard);
  return { includes: (slate) => inSplit(slate) && includes(slate), queries };
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
