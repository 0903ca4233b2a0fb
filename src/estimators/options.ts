import { describeValue, UsageError } from '../errors.js';
import { formNames, reductionNames, type Transform } from '../native/objective.js';
import type { Policy } from '../policy/policy.js';
import { parseReward, type RewardName } from '../reward/index.js';
import { checkedSettings, DEFAULT_RESAMPLES, QUERY_INTERVALS, type QueryInterval } from './intervals/settings.js';
import type { EstimatorName, Form, Normalisation, Reduction, ResolvedOptions, SmallGroups } from './result.js';
import { estimatorName, normalisation, smallGroups } from './result.js';
import { defaultForms } from './slate-estimates.js';
import { formatTransform, parseTransform, type TransformOption } from './transforms.js';

/** What `evaluate` is asked: the two policies, and how the value is defined and estimated (docs/theory.md sections 2 to 4). */
export interface EvaluateOptions {
  /** The policy whose value is asked for. */
  target: Policy;
  /** The policy that wrote the log; 'log': the log's own `logging.logprob`. */
  logging: Policy | 'log';
  /** Default all three; 'decomposed' always runs beside them, for the headline. */
  estimators?: readonly EstimatorName[] | undefined;
  /** Default 'all'; 'none' always runs beside the one that is named. */
  normalise?: 'all' | Normalisation | undefined;
  /** Default: share for slates with signals, plackett-luce for others. */
  reward?: RewardName | undefined;
  /** Default: 'expected' for slate, 'soft' for decomposed and bound. */
  form?: Form | undefined;
  /** Default 1. */
  lambdaCu?: number | undefined;
  /** Default 1; 'auto' gives utility and diversity of the responses the same standard deviation on the log. */
  lambdaDiv?: number | 'auto' | undefined;
  /** Default 'sum'. */
  reduction?: Reduction | undefined;
  /** For every row; default clip:10 under 'none', identity under 'tokens' and 'bytes'. */
  transform?: TransformOption | undefined;
  /** Report the self-normalised figures as the values of slate and decomposed. */
  selfNormalise?: boolean | undefined;
  /** Default 'bootstrap-percentile'. */
  interval?: QueryInterval | undefined;
  /** Default 0.05. */
  alpha?: number | undefined;
  resamples?: number | undefined;
  seed?: number | undefined;
  /** 'group', or a field of the slates or of their responses; see `GroupCollector`. */
  by?: string | undefined;
  /**
   * Also the queries that a target which POPE trained has seen in its run; default: only those that it held out, where the
   * log was not opened with a split.
   */
  allQueries?: boolean | undefined;
  /** Groups of fewer queries are small; default 10. */
  minGroup?: number | undefined;
  /** Small groups: 'refuse' to compare them (default), or 'pool' them into one group. */
  smallGroups?: SmallGroups | undefined;
  /**
   * Field with a model's predictions of the reward, for 'dm', 'dr' and 'sndr': in each response its own, in each query the mean over
   * what the target would say.
   */
  prediction?: string | undefined;
  /** Throw UNRELIABLE instead of giving numbers that the log does not support. */
  strict?: boolean | undefined;
  signal?: AbortSignal | undefined;
  /** Called while scores are read and intervals are made. */
  onProgress?: ((progress: EvaluationProgress) => void) | undefined;
}

/** How far an evaluation is. */
export interface EvaluationProgress {
  phase: 'scores' | 'intervals';
  /** Queries read, or resamples done. */
  done: number;
  /** Null while it is not known. */
  total: number | null;
}

/** What every row follows; the options of the result are made of it. */
export interface Plan {
  resolved: ResolvedOptions;
  reward: RewardName | undefined;
  transform: Transform | null;
}

/** Below this no interval is more than a guess: FEW_QUERIES then makes every verdict unreliable. */
const MIN_GROUP = 10;

/** Rewards that sum to 1 in each slate. */
const SHARES: readonly (string | undefined)[] = [undefined, 'share', 'log1p-share'];

/** Fills in defaults. @throws UsageError naming the option, what is allowed and what came; SLATE_SOFT_SHARE */
export function planOf(options: EvaluateOptions): Plan {
  const estimators = subset('estimators', options.estimators ?? estimatorName.options, estimatorName.options);
  const method = options.interval ?? 'bootstrap-percentile';
  const settings = checkedSettings(
    method,
    {
      ...(options.alpha === undefined ? {} : { alpha: options.alpha }),
      ...(options.seed === undefined ? {} : { seed: options.seed }),
      resamples: options.resamples ?? DEFAULT_RESAMPLES,
    },
    QUERY_INTERVALS,
  );
  const lambdaDiv = options.lambdaDiv ?? 1;
  const transform = options.transform === undefined ? null : parseTransform(options.transform);
  const form = options.form === undefined ? null : oneOf('form', options.form, formNames);
  const reward = options.reward === undefined ? undefined : parseReward(options.reward);
  refuseSlateSoftShare(options, form, reward);
  return {
    reward,
    transform,
    resolved: {
      estimators: inOrder(estimators, 'decomposed', estimatorName.options),
      normalise: normalisations(options.normalise ?? 'all'),
      reward: reward ?? null,
      form,
      lambdaCu: weight('lambdaCu', options.lambdaCu ?? 1),
      lambdaDiv: lambdaDiv === 'auto' ? 'auto' : weight('lambdaDiv', lambdaDiv),
      reduction: oneOf('reduction', options.reduction ?? 'sum', reductionNames),
      transform: transform && formatTransform(transform),
      selfNormalise: options.selfNormalise ?? false,
      interval: method,
      alpha: settings.alpha,
      resamples: settings.resamples,
      seed: settings.seed,
      by: options.by ?? null,
      minGroup: count('minGroup', options.minGroup ?? MIN_GROUP),
      smallGroups: oneOf('smallGroups', options.smallGroups ?? 'refuse', smallGroups.options),
      prediction: options.prediction ?? null,
    },
  };
}

export function formOf(plan: Plan, estimator: EstimatorName): Form {
  return plan.resolved.form ?? defaultForms[estimator];
}

export function transformOf(plan: Plan, normalise: Normalisation): Transform {
  return plan.transform ?? parseTransform(normalise === 'none' ? 'clip:10' : 'identity');
}

/** Whether slate + 'soft' would only measure the mean weight, because a slate's rewards sum to 1 (docs/theory.md section 3). */
export function isSlateSoftShare(estimator: EstimatorName, form: Form, reward: RewardName | undefined): boolean {
  return estimator === 'slate' && form === 'soft' && SHARES.includes(reward);
}

function refuseSlateSoftShare(options: EvaluateOptions, form: Form | null, reward: RewardName | undefined): void {
  if (!options.estimators?.includes('slate') || !isSlateSoftShare('slate', form ?? defaultForms.slate, reward)) return;
  throw new UsageError(
    'SLATE_SOFT_SHARE',
    `The slate estimator with form soft and reward ${reward ?? 'share'} measures the mean weight and no preference, because ` +
      "a slate's rewards sum to 1; choose form expected or gated, another reward, or the decomposed estimator.",
  );
}

function normalisations(normalise: 'all' | Normalisation): Normalisation[] {
  const named = oneOf('normalise', normalise, ['all', ...normalisation.options] as const);
  return named === 'all' ? [...normalisation.options] : inOrder([named], 'none', normalisation.options);
}

function inOrder<T>(chosen: readonly T[], always: T, order: readonly T[]): T[] {
  return order.filter((name) => name === always || chosen.includes(name));
}

function subset<T extends string>(name: string, values: readonly T[], known: readonly T[]): T[] {
  if (values.length === 0)
    throw new UsageError('OPTION', `Option ${name} must name at least one of ${known.join(', ')}.`);
  return values.map((value) => oneOf(name, value, known));
}

function oneOf<const T extends string>(name: string, value: T, known: readonly T[]): T {
  if (known.includes(value)) return value;
  throw new UsageError('OPTION', `Option ${name} must be one of ${known.join(', ')}, not ${describeValue(value)}.`);
}

function weight(name: string, value: number): number {
  if (Number.isFinite(value) && value >= 0) return value;
  throw new UsageError('OPTION', `Option ${name} must be a number of at least 0, not ${describeValue(value)}.`);
}

function count(name: string, value: number): number {
  if (Number.isSafeInteger(value) && value >= 1) return value;
  throw new UsageError('OPTION', `Option ${name} must be an integer of at least 1, not ${describeValue(value)}.`);
}
