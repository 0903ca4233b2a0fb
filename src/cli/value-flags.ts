import { parseSplit, type Split } from '../data/split.js';
import { form, reduction } from '../estimators/result.js';
import { REWARDS } from '../reward/index.js';
import { number, oneOf, onOff, optional, type Parse, positiveInteger, severalRequired, text } from './flags.js';
import { LOG_FLAGS } from './log-flags.js';

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
