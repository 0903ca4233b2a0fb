import { parseSplit, type Split } from '../data/split.js';
import type { EvaluationProgress } from '../estimators/options.js';
import { form, reduction, type Warning } from '../estimators/result.js';
import type { ScoreFilePolicy } from '../policy/score-file.js';
import { ScoredSlates } from '../policy/scored-slates.js';
import { REWARDS } from '../reward/index.js';
import type { Context } from './command.js';
import { number, oneOf, onOff, optional, type Parse, positiveInteger, severalRequired, text } from './flags.js';
import { LOG_FLAGS, openLog, saySkipped } from './log-flags.js';
import { loggingPolicy } from './logging-policy.js';
import type { Settings } from './settings.js';

const lambdaDiv: Parse<number | 'auto'> = (value) => (value === 'auto' ? value : number(value));

/** Flags of every command that values policies on a log. */
export const VALUE_FLAGS = {
  ...LOG_FLAGS,
  logging: severalRequired(
    '--logging <scores...>',
    "score files of the logging policy, or the word log for the log's own propensities",
    text,
  ),
  reward: optional('--reward <name>', `${REWARDS.join(', ')} (default: by what the log has)`, oneOf(...REWARDS)),
  form: optional('--form <name>', 'expected, soft or gated (default: by estimator)', oneOf(...form.options)),
  lambdaCu: optional('--lambda-cu <x>', 'weight of utility (default: 1)', number),
  lambdaDiv: optional('--lambda-div <x>', 'weight of diversity, or auto (default: 1)', lambdaDiv),
  reduction: optional('--reduction <name>', 'sum or mean over a slate (default: sum)', oneOf(...reduction.options)),
  transform: optional('--transform <name:value>', 'transform of the weights, such as clip:10 or power:0.5', text),
  alpha: optional('--alpha <a>', 'intervals miss with this probability (default: 0.05)', number),
  resamples: optional('--resamples <n>', 'bootstrap resamples', positiveInteger),
  skipUnscored: onOff('--skip-unscored', 'leave out queries with a response that has no score, and count them'),
  split: optional(
    '--split <name>',
    'train, validation, test or all (default: all; test where the target comes from a run)',
    (value): Split | 'all' => (value === 'all' ? value : parseSplit(value)),
  ),
};

type ValueSettings = Omit<Settings<typeof VALUE_FLAGS>, 'alpha' | 'resamples'> & { seed: number };

/** Opens a log for the valuation of policies as the flags say; `options` are those that every valuation has. */
export async function openValued(
  path: string,
  settings: ValueSettings,
  targets: readonly ScoreFilePolicy[],
  context: Context,
) {
  const { reward, form, lambdaCu, lambdaDiv, reduction, transform, seed } = settings;
  const logging = loggingPolicy(settings.logging);
  const split = settings.split === 'all' ? undefined : settings.split;
  const reading = { share: 0 };
  const log = await openLog(path, { ...settings, split }, context, ({ fraction }) => {
    reading.share = fraction;
  });
  const scored = new ScoredSlates(log, [...targets, logging]);
  return {
    slates: settings.skipUnscored ? scored : log,
    options: {
      ...{ logging, reward, form, lambdaCu, lambdaDiv, reduction, transform, seed },
      allQueries: settings.split === 'all',
      signal: context.signal,
    },
    /** Shows how far the valuation is. */
    onProgress({ phase, done, total }: EvaluationProgress): void {
      if (phase === 'intervals') {
        context.terminal.progress({ label: 'resampling', unit: 'resamples', done, total: total ?? undefined });
      } else {
        context.terminal.progress({ label: 'reading', unit: 'queries', done, total: undefined, share: reading.share });
      }
    },
    /** Says and gives what was left out, once the slates have been read to their end. */
    leftOut(): Warning[] {
      saySkipped(log, context);
      if (scored.skipped === 0) return [];
      const message = `${scored.skipped} queries have a response without a score and were left out: the estimates speak for the others only`;
      return [{ code: 'UNSCORED_QUERIES', message }];
    },
  };
}
