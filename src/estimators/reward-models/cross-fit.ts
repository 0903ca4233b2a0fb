import { DataError, describeValue, UsageError } from '../../errors.js';
import { indexClusters } from '../intervals/clusters.js';
import { Random } from '../random.js';
import { CheckedInput, finite } from '../scalar/checked-input.js';
import { fitRewardModel, type RewardModel, type RewardModelOptions, type RewardRows } from './fit.js';

/** How rows are dealt to folds, and what is fitted. */
export interface CrossFitOptions extends RewardModelOptions {
  /** Default 5. */
  folds?: number | undefined;
  /** Which rows go to which fold; default 0. */
  seed?: number | undefined;
  /** [n] Rows that must stay together, such as those of a query or a user; any values, equal means together. */
  clusters?: ArrayLike<string | number> | undefined;
}

/** Out-of-fold predictions, with the models that made them. */
export interface CrossFitted {
  /** Expected reward of each row [n], by the model that has not seen the row nor its cluster. */
  predictions: Float64Array;
  /** Fold of each row [n], from 0. */
  foldOf: Int32Array;
  /** The model of each fold, fitted to all other folds. */
  models: RewardModel[];
}

/**
 * Cross-fitted predictions of the reward (Chernozhukov et al., "Double/debiased machine learning", Econometrics Journal 2018): a model
 * that saw the reward it predicts makes residuals too small, and doubly robust values too sure.
 *
 * @throws as `fitRewardModel`; UsageError FOLDS for fewer than 2 folds or more than there are clusters
 */
export function crossFit({ features, reward }: RewardRows, options: CrossFitOptions = {}): CrossFitted {
  const foldOf = dealFolds(reward.length, options);
  const models = modelsOfFolds({ features, reward }, foldOf, options);
  const d = features.length / reward.length;
  const predictions = new Float64Array(reward.length);
  for (const [fold, model] of models.entries()) {
    const rows = rowsWhere(foldOf, (f) => f === fold);
    for (const [at, value] of model.predict(pick(features, rows, d)).entries()) predictions[rows[at]!] = value;
  }
  return { predictions, foldOf, models };
}

/** A log of single actions with features; the action has features of its own or, without them, is one of k kinds. */
export interface FeatureLog {
  /** [n] */
  reward?: ArrayLike<number> | undefined;
  /** [n], integers from 0 to k - 1. */
  action?: ArrayLike<number> | undefined;
  k?: number | undefined;
  /** [n * c], features of the rounds; none: actions alone decide. */
  context?: ArrayLike<number> | undefined;
  /** [k * e], features of the actions, such as embeddings; default one indicator each. */
  actionFeatures?: ArrayLike<number> | undefined;
}

/**
 * Cross-fitted expected rewards of all actions, [n * k]: `qHat` of `estimate`. The features of a round and an action are those of the
 * context, those of the action and all products of the two: with indicators, a linear model for each action.
 *
 * @throws as `crossFit`; UsageError ESTIMATE_NEEDS naming a missing input
 */
export function crossFitActions(log: FeatureLog, options: CrossFitOptions = {}): Float64Array {
  const input = new CheckedInput('of a reward model', log.reward?.length);
  const reward = input.column('reward', log.reward, finite);
  const k = input.actions(log.k);
  const action = input.indices('action', log.action, k);
  const n = reward.length;
  const context = log.context ?? [];
  const c = context.length / n;
  const own = log.actionFeatures ?? indicators(k);
  const e = own.length / k;
  if (!Number.isInteger(c) || !Number.isInteger(e)) {
    throw new DataError(
      'ESTIMATE_INPUT',
      `context has ${context.length} and actionFeatures ${own.length} numbers; expected as many for each of ${n} rounds and of ${k} actions.`,
    );
  }
  const width = (1 + c) * (1 + e) - 1;
  const featuresOf = (i: number, a: number, into: Float64Array, at: number) => {
    let next = at;
    for (let x = -1; x < c; x++) {
      const left = x < 0 ? 1 : context[i * c + x]!;
      for (let y = -1; y < e; y++) if (x >= 0 || y >= 0) into[next++] = left * (y < 0 ? 1 : own[a * e + y]!);
    }
  };
  const features = new Float64Array(n * width);
  for (let i = 0; i < n; i++) featuresOf(i, action[i]!, features, i * width);
  const foldOf = dealFolds(n, options);
  const models = modelsOfFolds({ features, reward }, foldOf, options);
  const qHat = new Float64Array(n * k);
  const row = new Float64Array(width);
  for (let i = 0; i < n; i++) {
    const model = models[foldOf[i]!]!;
    for (let a = 0; a < k; a++) {
      featuresOf(i, a, row, 0);
      qHat[i * k + a] = model.predict(row)[0]!;
    }
  }
  return qHat;
}

function modelsOfFolds({ features, reward }: RewardRows, foldOf: Int32Array, options: CrossFitOptions): RewardModel[] {
  const d = features.length / reward.length;
  const folds = foldOf.reduce((a, b) => Math.max(a, b), 0) + 1;
  return Array.from({ length: folds }, (_, fold) => {
    const rows = rowsWhere(foldOf, (f) => f !== fold);
    return fitRewardModel({ features: pick(features, rows, d), reward: pick(reward, rows, 1) }, options);
  });
}

/** Clusters, in a random order, dealt to the folds in turn. */
function dealFolds(n: number, { folds = 5, seed = 0, clusters }: CrossFitOptions): Int32Array {
  if (clusters && clusters.length !== n) {
    throw new UsageError('ESTIMATE_OPTION', `Option clusters has ${clusters.length} entries for ${n} rows.`);
  }
  const { index, count } = clusters
    ? indexClusters(clusters)
    : { index: Int32Array.from({ length: n }, (_, i) => i), count: n };
  if (!(Number.isInteger(folds) && folds >= 2 && folds <= count)) {
    throw new UsageError(
      'FOLDS',
      `Option folds must be an integer from 2 to the number of rows (clusters, where given), ${count}; got ${describeValue(folds)}.`,
    );
  }
  const random = new Random(seed);
  const order = Array.from({ length: count }, (_, cluster) => cluster);
  for (let last = count - 1; last > 0; last--) {
    const other = random.integer(last + 1);
    [order[last], order[other]] = [order[other]!, order[last]!];
  }
  const foldOfCluster = new Int32Array(count);
  for (const [place, cluster] of order.entries()) foldOfCluster[cluster] = place % folds;
  return index.map((cluster) => foldOfCluster[cluster]!);
}

function rowsWhere(foldOf: Int32Array, holds: (fold: number) => boolean): number[] {
  return Array.from(foldOf.keys()).filter((i) => holds(foldOf[i]!));
}

function pick(values: ArrayLike<number>, rows: readonly number[], width: number): Float64Array {
  return Float64Array.from({ length: rows.length * width }, (_, at) => {
    return values[rows[Math.floor(at / width)]! * width + (at % width)]!;
  });
}

function indicators(k: number): Float64Array {
  return Float64Array.from({ length: k * k }, (_, at) => Number(Math.floor(at / k) === at % k));
}
