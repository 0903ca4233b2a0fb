/** @file What a training run can be told, the presets, and the checks; docs/training.md explains each setting. */

import { describeValue, UsageError } from '../errors.js';
import { isSlateSoftShare } from '../estimators/options.js';
import { type Normalisation, normalisation } from '../estimators/result.js';
import { defaultForms } from '../estimators/slate-estimates.js';
import { formatTransform, parseTransform } from '../estimators/transforms.js';
import {
  estimatorNames,
  formNames,
  type Reduction,
  type RewardForm,
  reductionNames,
  type SlateEstimator,
} from '../native/objective.js';
import { parseReward, type RewardName } from '../reward/index.js';
import { SCHEDULES, type Schedule } from './schedule.js';

/** What a training run can ascend: docs/theory.md section 5, docs/training.md. */
export const METHODS = ['pope', 'opinion', 'sft', 'sft-all', 'rwsft', 'dpo', 'pl'] as const;
/** One of METHODS. */
export type Method = (typeof METHODS)[number];

export const PRESETS = ['default', 'paper'] as const;
export const OPINION_RULES = ['comb', 'pooled', 'cover'] as const;

/** Settings of a run; what is left out comes from the preset. */
export interface TrainingSettings {
  /** How a learning signal is made of a slate; default 'pope'. */
  method?: Method | undefined;
  preset?: (typeof PRESETS)[number] | undefined;

  /** POPE: which estimator is ascended. */
  objective?: SlateEstimator | undefined;
  form?: RewardForm | undefined;
  lambdaCu?: number | undefined;
  /** 'auto' gives utility and diversity the same standard deviation under the initial model. */
  lambdaDiv?: number | 'auto' | undefined;
  /** Of the importance weights, such as 'clip:5', or 'none'. */
  transform?: string | undefined;
  reduction?: Reduction | undefined;
  normalise?: Normalisation | undefined;
  gradient?: 'exact' | 'score' | undefined;
  baseline?: number | 'mean' | 'half-mean' | undefined;
  tokenEntropy?: boolean | undefined;
  /** kappa of the penalty on leaving the reference; 0 for none. */
  proximity?: number | undefined;

  /** DPO and Plackett-Luce: beta. */
  beta?: number | undefined;
  /** Reward-weighted likelihood: the exponent of the rewards. */
  power?: number | undefined;
  /** Opinion-weighted likelihood: the rule, and b, g, a, n of docs/theory.md section 5. */
  opinion?: (typeof OPINION_RULES)[number] | undefined;
  opinionB?: number | undefined;
  opinionG?: number | undefined;
  opinionA?: number | undefined;
  opinionN?: number | undefined;
  /** Likelihood methods: train on one drawn response of each slate, or on all that weigh something. */
  responses?: 'drawn' | 'all' | undefined;

  /** Rank of low-rank adapters that train in place of the model's own weights; default: none. */
  lora?: number | undefined;
  /** Default twice the rank. */
  loraAlpha?: number | undefined;
  loraDropout?: number | undefined;
  /** Last parts of the names of the adapted layers; default as PEFT. */
  loraTargets?: readonly string[] | undefined;

  reward?: RewardName | undefined;
  lr?: number | undefined;
  schedule?: Schedule['name'] | undefined;
  warmup?: number | undefined;
  /** Takes the place of `epochs`. */
  steps?: number | undefined;
  epochs?: number | undefined;
  /** Slates per step. */
  batch?: number | undefined;
  betas?: readonly [number, number] | undefined;
  eps?: number | undefined;
  weightDecay?: number | undefined;
  /** The gradient is scaled down to this norm; 0: never. */
  maxNorm?: number | undefined;
  /** Rows per forward and backward pass. */
  batchTokens?: number | undefined;
  checkpointing?: boolean | undefined;

  /** Steps between two validations; 0: only before and after. */
  validateEvery?: number | undefined;
  /** Most queries of either split that a validation measures. */
  validationQueries?: number | undefined;
  /** Stop after so many validations without a better one and keep the best; 0: never. */
  patience?: number | undefined;
  /** Steps between two checkpoints; 0: only at the end and when interrupted. */
  checkpointEvery?: number | undefined;
  /** Checkpoints to keep. */
  keep?: number | undefined;
  seed?: number | undefined;
}

/** Settings that may be absent even when everything is filled in. */
type Absent = 'steps' | 'reward' | 'lora' | 'loraAlpha' | 'loraTargets';

/** Settings with everything filled in: `training` of a run's config.json. */
export type ResolvedSettings = {
  [K in keyof TrainingSettings]-?: Exclude<TrainingSettings[K], undefined> | (K extends Absent ? null : never);
};

/** Adam's step is as large as its learning rate whatever the gradient's scale; preference losses bear much less of it. */
const LIKELIHOOD_RATE = 2e-5;
const PREFERENCE_RATE = 5e-7;
/** Adapters begin at zero and bear this much more. */
const LORA_RATE_FACTOR = 10;

/** A step of drawn responses has the tokens of one of 8 whole slates of 6. */
const DRAWN_SLATES = 48;
const WHOLE_SLATES = 8;

const WHAT_TRAINS_STABLY = {
  objective: 'decomposed',
  lambdaCu: 1,
  lambdaDiv: 0,
  transform: 'clip:5',
  weightDecay: 0,
  maxNorm: 1,
} as const;

const AS_IN_THE_PAPER = {
  objective: 'slate',
  form: 'expected',
  lambdaCu: 1,
  lambdaDiv: 1,
  transform: 'none',
  reward: 'share',
  lr: 1e-5,
  batch: 4,
  weightDecay: 0.01,
  maxNorm: 0,
} as const;

/** Fills in the preset and checks. @throws UsageError OPTION naming the setting, what was expected and what came */
export function resolveSettings(given: TrainingSettings): ResolvedSettings {
  const method = oneOf('method', given.method ?? 'pope', METHODS);
  const preset = oneOf('preset', given.preset ?? 'default', PRESETS);
  const likes = isLikelihood(method);
  const responses = oneOf('responses', given.responses ?? 'drawn', ['drawn', 'all'] as const);
  const named: Partial<ResolvedSettings> = preset === 'paper' ? AS_IN_THE_PAPER : WHAT_TRAINS_STABLY;
  const objective = oneOf('objective', given.objective ?? named.objective!, estimatorNames);
  const rate = method === 'dpo' || method === 'pl' ? PREFERENCE_RATE : LIKELIHOOD_RATE;
  const defaults: ResolvedSettings = {
    method,
    preset,
    objective,
    form: defaultForms[objective],
    lambdaCu: 1,
    lambdaDiv: 0,
    transform: 'none',
    reduction: 'sum',
    normalise: 'tokens',
    gradient: 'exact',
    baseline: 0,
    tokenEntropy: false,
    proximity: 0,
    beta: 0.1,
    power: 1,
    opinion: 'comb',
    opinionB: 1,
    opinionG: given.opinion === 'pooled' ? 3 : 8,
    opinionA: 1,
    opinionN: 8,
    responses,
    lora: null,
    loraAlpha: given.lora === undefined ? null : 2 * given.lora,
    loraDropout: 0,
    loraTargets: null,
    reward: null,
    lr: rate * (given.lora === undefined ? 1 : LORA_RATE_FACTOR),
    schedule: 'constant',
    warmup: 0,
    steps: null,
    epochs: 3,
    batch: likes && responses === 'drawn' ? DRAWN_SLATES : WHOLE_SLATES,
    betas: [0.9, 0.999],
    eps: 1e-8,
    weightDecay: 0,
    maxNorm: 1,
    batchTokens: 2048,
    checkpointing: false,
    validateEvery: 100,
    validationQueries: 256,
    patience: 0,
    checkpointEvery: 500,
    keep: 2,
    seed: 0,
  };
  const chosen = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  const resolved: ResolvedSettings = { ...defaults, ...named, ...chosen };
  // The bound takes no transform; one that only the preset named is not the caller's mistake.
  if (objective === 'bound' && given.transform === undefined) resolved.transform = 'none';
  checkSettings(resolved);
  return { ...resolved, transform: formatTransform(parseTransform(resolved.transform)) };
}

/** Whether a method ascends a likelihood with weights that do not follow the model. */
export function isLikelihood(method: Method): boolean {
  return method === 'opinion' || method === 'sft' || method === 'sft-all' || method === 'rwsft';
}

/** Whether the log-probabilities of the initial model enter. */
export function needsReference({ method, proximity, lambdaDiv }: ResolvedSettings): boolean {
  return method === 'dpo' || method === 'pl' || (method === 'pope' && (proximity > 0 || lambdaDiv === 'auto'));
}

function checkSettings(settings: ResolvedSettings): void {
  const { method, objective, form, gradient, baseline, transform, reward } = settings;
  oneOf('form', form, formNames);
  oneOf('reduction', settings.reduction, reductionNames);
  oneOf('normalise', settings.normalise, normalisation.options);
  oneOf('gradient', gradient, ['exact', 'score']);
  oneOf('opinion', settings.opinion, OPINION_RULES);
  oneOf('schedule', settings.schedule, SCHEDULES);
  if (reward !== null) parseReward(reward);
  const { name } = parseTransform(transform);
  if (baseline !== 'mean' && baseline !== 'half-mean') real('baseline', baseline);
  if (settings.lambdaDiv !== 'auto') atLeast('lambdaDiv', settings.lambdaDiv, 0);
  for (const key of ['lambdaCu', 'proximity', 'opinionA', 'weightDecay', 'maxNorm', 'eps'] as const) {
    atLeast(key, settings[key], 0);
  }
  for (const key of ['beta', 'power', 'opinionB', 'opinionG', 'lr', 'epochs'] as const) above(key, settings[key], 0);
  for (const key of ['batch', 'batchTokens', 'validationQueries', 'keep', 'opinionN'] as const) {
    whole(key, settings[key], 1);
  }
  for (const key of ['warmup', 'validateEvery', 'patience', 'checkpointEvery', 'seed'] as const) {
    whole(key, settings[key], 0);
  }
  if (settings.steps !== null) whole('steps', settings.steps, 1);
  if (method !== 'pope') return;
  if (isSlateSoftShare(objective, form, reward ?? undefined)) {
    throw new UsageError(
      'SLATE_SOFT_SHARE',
      `objective slate with form soft and reward ${reward ?? 'share'} ascends the mean weight and no preference, because a ` +
        "slate's rewards sum to 1; choose form expected or gated, another reward, or objective decomposed",
    );
  }
  if (objective !== 'bound') return;
  const refused = [
    gradient === 'score' && 'gradient score',
    baseline !== 0 && 'a baseline',
    name !== 'identity' && `transform ${transform}`,
  ].find((option) => option !== false);
  if (refused !== undefined) {
    throw new UsageError('OPTION', `objective bound takes no ${refused.replace(/^a /, '')}; leave it out`);
  }
}

function oneOf<const T extends string>(name: string, value: T, known: readonly T[]): T {
  if (known.includes(value)) return value;
  throw refuse(name, `one of ${known.join(', ')}`, value);
}

function real(name: string, value: number): void {
  if (!Number.isFinite(value)) throw refuse(name, 'a finite number', value);
}

function atLeast(name: string, value: number, least: number): void {
  if (!(Number.isFinite(value) && value >= least)) throw refuse(name, `a number of at least ${least}`, value);
}

function above(name: string, value: number, limit: number): void {
  if (!(Number.isFinite(value) && value > limit)) throw refuse(name, `a number above ${limit}`, value);
}

function whole(name: string, value: number, least: number): void {
  if (!(Number.isSafeInteger(value) && value >= least))
    throw refuse(name, `a whole number of at least ${least}`, value);
}

function refuse(name: string, expected: string, got: unknown): UsageError {
  return new UsageError('OPTION', `${name}: expected ${expected}, got ${describeValue(got)}`);
}
