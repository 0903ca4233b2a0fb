import { openEncoder } from '../../encoders/index.js';
import { UsageError } from '../../errors.js';
import { type ClusterCount, type LabelReport, labelByChat, labelByClusters } from '../../labels/index.js';
import { AnswerFile } from '../../remote/answer-file.js';
import { ChatModel } from '../../remote/chat.js';
import { type Context, defineCommand } from '../command.js';
import {
  defaulted,
  oneOf,
  onOff,
  optional,
  outputFile,
  type Parse,
  positiveInteger,
  required,
  text,
} from '../flags.js';
import { LOG_FLAGS, openLog, saySkipped } from '../log-flags.js';
import { loadOptions } from '../model-flags.js';
import type { Settings } from '../settings.js';
import { readable } from '../table.js';

const clusterCount: Parse<ClusterCount> = (value) => (value === 'auto' ? value : positiveInteger(value));

const FLAGS = {
  output: required('-o, --output <file>', 'log to write: .jsonl, .jsonl.gz or .parquet', outputFile),
  encoder: optional('--encoder <name>', 'model folder, URL of a server, or lexical: opinions are clusters', text),
  encoderModel: optional('--encoder-model <name>', 'name of the model behind the URL of --encoder', text),
  clusters: defaulted('--clusters <n>', 'opinions per query, or auto', clusterCount, 'auto' as const),
  chat: optional('--chat <url>', 'server of a chat model: opinions are named by it', text),
  chatModel: optional('--chat-model <name>', 'name of the model behind --chat', text),
  answers: optional(
    '--answers <file>',
    'answers of the chat model, kept and reused (default: OUTPUT.answers.jsonl)',
    outputFile,
  ),
  device: defaulted('--device <name>', 'auto, cpu or cuda', oneOf('auto', 'cpu', 'cuda'), 'auto' as const),
  json: onOff('--json', 'print the report as one JSON object'),
  ...LOG_FLAGS,
};

type LabelSettings = Settings<typeof FLAGS> & { seed: number };

export const label = defineCommand({
  examples: [
    'pope label log.jsonl --encoder ./all-MiniLM-L6-v2 -o labelled.jsonl',
    'pope label log.jsonl --chat http://localhost:8000/v1 --chat-model qwen3-8b -o labelled.jsonl',
  ],
  arguments: [['<log>', 'log file, or - for standard input']],
  flags: FLAGS,
  async run([path], settings, context) {
    if ((settings.encoder === undefined) === (settings.chat === undefined)) {
      throw new UsageError('LABEL_BY', 'pope label needs either --encoder or --chat, to say where opinions come from');
    }
    const report =
      settings.encoder === undefined
        ? await byChat(path!, settings, context)
        : await byClusters(path!, settings, context);
    if (settings.json) await context.terminal.writeJson(report);
    for (const line of summary(report)) context.terminal.say(line);
    context.terminal.say(`log: ${settings.output}`);
  },
});

async function byClusters(path: string, settings: LabelSettings, context: Context) {
  const { encoder: name, encoderModel: model, device, clusters, output } = settings;
  const log = await openLog(path, settings, context);
  const encoder = await openEncoder(name!, { model, ...loadOptions({ device }, context) });
  try {
    const report = await labelByClusters(log, encoder, output, { clusters, ...progress(settings, context) });
    saySkipped(log, context);
    return { ...report, by: { kind: encoder.kind, id: encoder.id } };
  } finally {
    encoder.dispose();
  }
}

async function byChat(path: string, settings: LabelSettings, context: Context) {
  const { chat: url, chatModel: model, output, answers: file = `${output}.answers.jsonl`, seed } = settings;
  if (model === undefined)
    throw new UsageError('ENDPOINT_MODEL_NAME', '--chat needs --chat-model, the name of the model there');
  const log = await openLog(path, settings, context);
  const chat = new ChatModel(url!, { model, seed });
  const answers = await AnswerFile.open(file);
  try {
    const report = await labelByChat(log, chat, answers, output, progress(settings, context));
    saySkipped(log, context);
    const { tokens, asked, reused } = answers;
    return { ...report, by: { kind: 'chat' as const, id: `${model} at ${chat.endpoint.url}` }, tokens, asked, reused };
  } finally {
    await answers.close();
  }
}

function progress({ seed }: LabelSettings, { terminal, signal }: Context) {
  return {
    seed,
    signal,
    onProgress: ({ queries }: { queries: number }) =>
      terminal.progress({ label: 'labelling', done: queries, total: undefined, unit: 'queries' }),
  };
}

function summary({
  by,
  queries,
  responses,
  unlabelled,
  opinionsPerQuery,
  height,
  agreement,
}: LabelReport & { by: { kind: string; id: string } }): string[] {
  const share = (mean: { value: number | null; low: number | null; high: number | null }) =>
    `${readable(mean.value!)}${mean.low === null ? '' : ` [${readable(mean.low)}, ${readable(mean.high!)}]`}`;
  return [
    `${readable(queries)} queries, ${readable(responses)} responses: ${readable(opinionsPerQuery)} opinions per query, by ${by.id}`,
    ...(by.kind === 'lexical'
      ? ['warning: LEXICAL_ENCODER: opinions are clusters of shared words, not of meaning']
      : []),
    ...(height === null ? [] : [`all trees cut at distance ${readable(height)}`]),
    ...(unlabelled > 0 ? [`${readable(unlabelled)} responses have no label: the answers do not name them`] : []),
    ...(agreement === null
      ? []
      : [
          `agreement with the labels that the log had, over ${readable(agreement.queries)} queries: ` +
            `adjusted Rand ${share(agreement.adjustedRand)}, normalised mutual information ${share(agreement.normalizedMutualInformation)}`,
        ]),
  ];
}
