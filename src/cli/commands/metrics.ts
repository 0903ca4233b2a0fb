import { openEncoder } from '../../encoders/index.js';
import { UsageError } from '../../errors.js';
import { DEFAULT_JUDGED, judgeGenerations } from '../../judge/judge-generations.js';
import { measure } from '../../metrics/measure/measure.js';
import type { JudgeSummary } from '../../metrics/measure/result.js';
import { loadEncoder, loadModel } from '../../models/index.js';
import { type Generations, readGenerations } from '../../policy/generations.js';
import { LocalPolicy } from '../../policy/local-policy.js';
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
import { LOG_FLAGS, openLog, saySkipped } from '../log-flags.js';
import { metricsReport } from '../metrics-report.js';
import { loadOptions } from '../model-flags.js';
import type { Settings } from '../settings.js';

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
    const { tau, top: k, alpha, resamples, seed, device } = settings;
    checkJudge(settings);
    const generations = await readGenerations(settings.generations);
    const log = await openLog(path!, settings, context);
    const options = loadOptions({ device }, context);
    const encoder = await openEncoder(settings.embedder, { model: settings.embedderModel, ...options });
    const alignScore = settings.alignScore === undefined ? undefined : await loadEncoder(settings.alignScore, options);
    const fluency = settings.fluency === undefined ? undefined : await loadModel(settings.fluency, options);
    try {
      const measured = await measure(log, generations, {
        ...{ encoder, tau, k, alpha, resamples, seed, alignScore, signal: context.signal },
        fluency: fluency && new LocalPolicy(fluency, { onOverflow: 'skip' }),
        onProgress: ({ queries }) =>
          context.terminal.progress({ label: 'measuring', done: queries, total: undefined, unit: 'queries' }),
      });
      saySkipped(log, context);
      const result = { ...measured, judge: await judged(path!, generations, settings, context) };
      if (settings.json) await context.terminal.writeJson(result);
      else await context.terminal.write(metricsReport(result));
    } finally {
      for (const each of [encoder, alignScore, fluency]) each?.dispose();
    }
  },
});

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
