import { writeLines } from '../../data/atomic-writer.js';
import type { LocatedSlate, LoggedDataset } from '../../data/dataset.js';
import type { Slate } from '../../data/slate.js';
import { openEncoder } from '../../encoders/index.js';
import { UsageError } from '../../errors.js';
import { sha256OfFile } from '../../files/checksums.js';
import { DEFAULT_JUDGED, judgeGenerations } from '../../judge/judge-generations.js';
import {
  type Measured,
  type MeasureOptions,
  measure,
  openMeasured,
  recordOptions,
  summarise,
} from '../../metrics/measure/measure.js';
import { QUERIES_AT_ONCE, type QueryRecord, recordQueries } from '../../metrics/measure/query-records.js';
import type { JudgeSummary, Measurements } from '../../metrics/measure/result.js';
import { loadEncoder, loadModel } from '../../models/index.js';
import { arithmeticOf } from '../../native/arithmetic.js';
import { batched } from '../../policy/batched.js';
import { sha256 } from '../../policy/encoded-query.js';
import { type Generations, readGenerations } from '../../policy/generations.js';
import { LocalPolicy } from '../../policy/local-policy.js';
import { planShards } from '../../shards/plan.js';
import type { ShardedWork } from '../../shards/sharded-work.js';
import { type Context, defineCommand } from '../command.js';
import {
  defaulted,
  number,
  oneOf,
  onOff,
  optional,
  outputFile,
  positiveInteger,
  required,
  several,
  severalRequired,
  text,
} from '../flags.js';
import { describeLog, LOG_FLAGS, openLog, saySkipped } from '../log-flags.js';
import { metricsReport } from '../metrics-report.js';
import { loadOptions } from '../model-flags.js';
import type { Settings } from '../settings.js';
import { SHARD_FLAG, shardToStore } from '../shard-flag.js';

const FLAGS = {
  generations: severalRequired('--generations <files...>', 'generation files of one policy', text),
  embedder: required('--embedder <name>', 'model folder, URL of a server, or lexical', text),
  embedderModel: optional('--embedder-model <name>', 'name of the model behind the URL of --embedder', text),
  tau: optional('--tau <x>', 'a reference is covered from this similarity on (default: 0.8)', number),
  top: optional('--top <k>', 'only the first k responses count for coverage (default: all)', positiveInteger),
  alignScore: optional('--align-score <dir>', 'AlignScore by a classifier in Hugging Face layout', text),
  fluency: optional('--fluency <dir>', 'perplexity under a language model that no method trained from', text),
  judge: optional('--judge <url>', 'server of a chat model that compares with --against', text),
  judgeModel: optional('--judge-model <name>', 'name of the model behind --judge', text),
  against: several('--against <files...>', 'generation files of the policy to be compared with', text),
  judgeResponses: defaulted(
    '--judge-responses <n>',
    'responses of either policy that the judge sees',
    positiveInteger,
    DEFAULT_JUDGED,
  ),
  judgements: optional(
    '--judgements <file>',
    "the judge's answers, kept and reused (default: GENERATIONS.judgements.jsonl)",
    outputFile,
  ),
  alpha: optional('--alpha <a>', 'intervals miss with this probability (default: 0.05)', number),
  resamples: optional('--resamples <n>', 'bootstrap resamples', positiveInteger),
  device: defaulted('--device <name>', 'auto, cpu or cuda', oneOf('auto', 'cpu', 'cuda'), 'auto' as const),
  json: onOff('--json', 'print one JSON object'),
  output: optional('-o, --output <place>', 'with --shard: folder/ or s3://BUCKET/PREFIX for the shards', outputFile),
  ...SHARD_FLAG,
  ...LOG_FLAGS,
};

type MetricsSettings = Settings<typeof FLAGS> & { seed: number };

export const metrics = defineCommand({
  examples: [
    'pope metrics log.jsonl --generations generations.jsonl --embedder ./all-MiniLM-L6-v2',
    'pope metrics log.jsonl --generations aligned.jsonl --embedder lexical --judge http://localhost:8000/v1 --judge-model qwen3-8b --against base.jsonl',
  ],
  arguments: [['<log>', 'log file, or - for standard input']],
  flags: FLAGS,
  async run([path], settings, context) {
    const { json, shard, output } = settings;
    checkJudge(settings);
    checkShard(settings);
    const measuring = await openMeasuring(path!, settings, context);
    const { log, generations, options } = measuring;
    try {
      if (shard !== undefined) return void (await shardToStore(output!, shard, measuring.work, context));
      const measured = await measure(log, generations, {
        ...options,
        onProgress: ({ queries }) =>
          context.terminal.progress({ label: 'measuring', done: queries, total: undefined, unit: 'queries' }),
      });
      saySkipped(log, context);
      await print({ ...measured, judge: await judged(path!, generations, settings, context) }, json, context);
    } finally {
      measuring.close();
    }
  },
  async openWork([path], settings, context) {
    const { work, answered, options, close } = await openMeasuring(path!, settings, context);
    return {
      ...work,
      close,
      async conclude(lines) {
        const records: QueryRecord[] = [];
        for await (const line of lines) records.push(parseRecord(line));
        await print(summarise(await answered(), records, options), settings.json, context);
      },
    };
  },
});

async function print(result: Measurements, json: boolean, { terminal }: Context): Promise<void> {
  await (json ? terminal.writeJson(result) : terminal.write(metricsReport(result)));
}

interface Measuring {
  log: LoggedDataset;
  generations: Generations;
  options: MeasureOptions;
  /** The log's queries with generations. */
  answered(): Promise<Measured>;
  work: ShardedWork;
  close(): void;
}

/** The log, the generations and the models that measure; and measuring in parts. */
async function openMeasuring(path: string, settings: MetricsSettings, context: Context): Promise<Measuring> {
  const { tau, top: k, alpha, resamples, seed, device } = settings;
  const { signal } = context;
  const generations = await readGenerations(settings.generations);
  const log = await openLog(path, settings, context);
  const loading = loadOptions({ device }, context);
  const encoder = await openEncoder(settings.embedder, { model: settings.embedderModel, ...loading });
  const alignScore = settings.alignScore === undefined ? undefined : await loadEncoder(settings.alignScore, loading);
  const judge =
    settings.fluency === undefined ? undefined : await loadModel(settings.fluency, { ...loading, frozen: true });
  const fluency = judge && new LocalPolicy(judge, { onOverflow: 'skip' });
  const options: MeasureOptions = { encoder, tau, k, alpha, resamples, seed, alignScore, fluency, signal };
  // Once for all shards of a worker: the one reads the generations, the other the log, from which the encoder may learn.
  const identity = once(async () => {
    const files = await Promise.all(settings.generations.map(sha256OfFile));
    return sha256(JSON.stringify([files, encoder.id, tau, k, alignScore?.id, fluency?.id]));
  });
  const answered = once(() => openMeasured(log, generations, encoder));
  const work: ShardedWork = {
    describe: async () => ({
      kind: 'metrics',
      identity: await identity(),
      arithmetic: encoder.kind === 'endpoint' ? 'server' : arithmeticOf(device),
      ...(await describeLog(log, settings)),
    }),
    async plan(count) {
      const { slates } = await answered();
      const batches = (some: AsyncIterable<Slate>) => batched(queriesOf(some), () => 1, QUERIES_AT_ONCE);
      return planShards({ batches }, inTurn(slates), count, () => 1);
    },
    async write({ from, to }, file) {
      const { slates } = await answered();
      const id = await identity();
      async function* lines(): AsyncGenerator<object> {
        for await (const records of recordQueries(slates.slice(from, to), generations.texts, recordOptions(options))) {
          for (const record of records) yield { identity: id, ...record };
        }
      }
      await writeLines(file, lines(), {
        onLine: (done) => context.terminal.progress({ label: 'measuring', done, total: to - from, unit: 'queries' }),
      });
    },
  };
  const close = () => {
    for (const each of [encoder, alignScore, judge]) each?.dispose();
  };
  return { log, generations, options, answered, work, close };
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

async function* inTurn(slates: readonly Slate[]): AsyncGenerator<LocatedSlate> {
  for (const slate of slates) yield { slate, place: null };
}

async function* queriesOf(slates: AsyncIterable<Slate>): AsyncGenerator<{ query: string }> {
  for await (const { id } of slates) yield { query: id };
}

/** JSON has null for what is not defined. */
function parseRecord(line: object): QueryRecord {
  const { query, metrics, groups, tokens } = line as QueryRecord;
  const numbers = Object.entries(metrics).map(([name, value]) => [name, value ?? Number.NaN]);
  return { query, metrics: Object.fromEntries(numbers), groups, tokens };
}

/** @throws UsageError BAD_OPTION */
function checkShard({ shard, output, judge }: MetricsSettings): void {
  if ((shard === undefined) !== (output === undefined)) {
    throw new UsageError(
      'BAD_OPTION',
      '--shard and -o go together: the place for the shards, folder/ or s3://BUCKET/PREFIX',
    );
  }
  if (shard !== undefined && judge !== undefined) {
    throw new UsageError('BAD_OPTION', '--judge: not in shards; compare by a run of its own, which is resumable');
  }
}

/** @throws UsageError JUDGE_NEEDS */
function checkJudge({ judge, judgeModel, against }: MetricsSettings): void {
  if (judge === undefined || (judgeModel !== undefined && against.length > 0)) return;
  throw new UsageError(
    'JUDGE_NEEDS',
    '--judge needs --judge-model, the name of the model there, and --against, the generations to compare with',
  );
}

async function judged(
  path: string,
  generations: Generations,
  settings: MetricsSettings,
  context: Context,
): Promise<JudgeSummary | null> {
  const { judge: url, judgeModel, against, judgeResponses, alpha, seed } = settings;
  if (url === undefined) return null;
  const file = settings.judgements ?? `${settings.generations[0]!}.judgements.jsonl`;
  return judgeGenerations(await openLog(path, settings, context), generations, await readGenerations(against), {
    ...{ url, model: judgeModel!, file, responses: judgeResponses, alpha, seed, signal: context.signal },
    onProgress: ({ matches, total }) =>
      context.terminal.progress({ label: 'judging', done: matches, total, unit: 'comparisons' }),
  });
}
