/** @file The evaluation of the evaluation: what estimators and intervals make of logs whose truth is known. */
import { describeValue, UsageError } from '../errors.js';
import { evaluate } from '../estimators/evaluate.js';
import type { QueryInterval } from '../estimators/intervals.js';
import type { Estimate, Verdict } from '../estimators/result.js';
import { TABULAR_WORLDS } from './simulate.js';
import { tabularWorld } from './worlds/tabular.js';
import { trueValue } from './worlds/tabular-truth.js';

export interface StudyOptions {
  /** Worlds, each with a log of its own; at least 2. */
  seeds: number;
  /** The first seed; default 0. */
  seed?: number;
  /** Slates of each log; default 500. */
  queries?: number;
  slateSize?: number;
  /** Default 't'. */
  interval?: QueryInterval;
  resamples?: number;
  signal?: AbortSignal;
  onProgress?: (done: number) => void;
}

/** One estimator over all seeds; errors are estimate minus true value. */
export interface StudyRow {
  estimator: Estimate['estimator'];
  transform: string;
  selfNormalised: boolean;
  /** Seeds in which it had a value. */
  seeds: number;
  bias: number;
  variance: number;
  mse: number;
  /** Shares of the seeds; the bound is not an estimate of the value and should cover what it converges to, not this. */
  coverage: number;
  width: number;
  verdicts: Record<Verdict, number>;
  /** Coverage among the seeds with a reliable verdict; null where there is none. */
  coverageWhenReliable: number | null;
}

export interface Study {
  world: string;
  seeds: number;
  queries: number;
  interval: QueryInterval;
  rows: StudyRow[];
}

interface Outcome {
  error: number;
  covered: boolean;
  width: number;
  verdict: Verdict;
}

/**
 * Bias, variance, mean squared error, coverage and width of the estimators of the value (normalise none, form soft, lambda 1 and 1,
 * reward identity) over many tabular worlds of one kind, with and without clipping and self-normalisation.
 *
 * @throws UsageError WORLD_UNKNOWN, OPTION
 */
export async function studyEstimators(world: string, options: StudyOptions): Promise<Study> {
  const kind = TABULAR_WORLDS.get(world);
  if (!kind) {
    const known = [...TABULAR_WORLDS.keys()].join(', ');
    throw new UsageError(
      'WORLD_UNKNOWN',
      `There is no world ${describeValue(world)} to study; choose one of ${known}.`,
    );
  }
  const { seeds, seed: first = 0, queries = 500, slateSize, interval = 't', resamples, signal, onProgress } = options;
  if (!(Number.isSafeInteger(seeds) && seeds >= 2)) {
    throw new UsageError('OPTION', `A study needs at least 2 seeds, got ${describeValue(seeds)}.`);
  }
  const outcomes = new Map<
    string,
    { row: Pick<StudyRow, 'estimator' | 'transform' | 'selfNormalised'>; list: Outcome[] }
  >();
  for (let seed = first; seed < first + seeds; seed++) {
    const made = tabularWorld({ kind, seed, ...(slateSize === undefined ? {} : { slateSize }) });
    const truth = trueValue(made, { form: 'soft' }).value;
    const slates = made.sample(queries);
    for (const transform of ['clip:10', 'none']) {
      const { estimates } = await evaluate(slates, {
        target: made.policy('target'),
        logging: 'log',
        normalise: 'none',
        reward: 'identity',
        form: 'soft',
        transform,
        interval,
        resamples,
        seed,
        signal,
      });
      for (const estimate of estimates) {
        // The bound takes no transform, so that both passes have the same one.
        if (estimate.estimator === 'bound' && transform !== 'none') continue;
        for (const selfNormalised of [false, true]) note(outcomes, estimate, selfNormalised, truth);
      }
    }
    onProgress?.(seed - first + 1);
  }
  const rows = [...outcomes.values()].map(({ row, list }) => ({ ...row, ...summary(list) }));
  return { world, seeds, queries, interval, rows };
}

function note(
  outcomes: Map<string, { row: Pick<StudyRow, 'estimator' | 'transform' | 'selfNormalised'>; list: Outcome[] }>,
  estimate: Estimate,
  selfNormalised: boolean,
  truth: number,
): void {
  const { estimator, transform, verdict } = estimate;
  const value = selfNormalised ? estimate.selfNormalised : estimate.value;
  const bounds = selfNormalised ? estimate.selfNormalisedInterval : estimate.interval;
  if (value === null || bounds === null) return;
  const key = `${estimator} ${transform} ${selfNormalised}`;
  const known = outcomes.get(key) ?? { row: { estimator, transform, selfNormalised }, list: [] };
  outcomes.set(key, known);
  const covered = bounds.low <= truth && truth <= bounds.high;
  known.list.push({ error: value - truth, covered, width: bounds.high - bounds.low, verdict });
}

function summary(outcomes: readonly Outcome[]) {
  const mean = (of: (outcome: Outcome) => number, among = outcomes) =>
    among.reduce((total, outcome) => total + of(outcome), 0) / among.length;
  const bias = mean(({ error }) => error);
  const share = (verdict: Verdict) => mean((outcome) => Number(outcome.verdict === verdict));
  const reliable = outcomes.filter(({ verdict }) => verdict === 'reliable');
  return {
    seeds: outcomes.length,
    bias,
    variance: mean(({ error }) => (error - bias) ** 2),
    mse: mean(({ error }) => error ** 2),
    coverage: mean(({ covered }) => Number(covered)),
    width: mean(({ width }) => width),
    verdicts: { reliable: share('reliable'), caution: share('caution'), unreliable: share('unreliable') },
    coverageWhenReliable: reliable.length === 0 ? null : mean(({ covered }) => Number(covered), reliable),
  };
}
