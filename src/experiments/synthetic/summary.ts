/** @file From results of single runs to a table: means over seeds, paired differences, envelopes. */
import { interval } from '../../estimators/intervals.js';
import { envelopeAt } from './envelope.js';
import type { Estimated } from './valuation.js';
import { type CandidateResult, METRICS, type Metric, type Metrics } from './world-run.js';

/** A mean over seeds with its 95 % interval by Student's t; null for one seed. */
export interface Figure {
  mean: number;
  interval: { low: number; high: number } | null;
  /** Seeds in which it is positive, and all. */
  positive: number;
  seeds: number;
}

/** Of a metric that is not known everywhere: null. */
export type Figures = Record<Metric, Figure | null>;

export interface MethodRow {
  method: string;
  family: string;
  temperature: number;
  metrics: Figures;
  /** This method minus another at the same temperature, seed by seed. */
  minus: Record<string, Figures>;
}

export interface ValueRow {
  method: string;
  /** V and its approval part: in truth, estimated from the log (mean over seeds), and the paper's index and V_Z. */
  value: Record<'truth' | 'estimate' | 'limit' | 'index', Figure | null>;
  utility: Record<'truth' | 'estimate' | 'limit' | 'index', Figure | null>;
  /** Seeds in which the interval of the estimate contains the true V, and its true approval part. */
  covered: { value: number; utility: number };
}

export interface EnvelopeRow {
  family: string;
  coverage: 'coverage6' | 'weightedCoverage6';
  /** At this share of the utility that the first baseline reaches at most under the same seed. */
  level: number;
  /** Null where the family does not get there in every seed. */
  reached: Figure | null;
  minus: Record<string, Figure | null>;
}

export interface WorldSummary {
  world: string;
  seeds: number[];
  references: { policy: string; metrics: Figures }[];
  rows: MethodRow[];
  values: ValueRow[];
  envelopes: EnvelopeRow[];
}

/** All of one world under one seed. */
export interface SeedResults {
  seed: number;
  references: { policy: string; metrics: Metrics }[];
  candidates: CandidateResult[];
}

/** What everything is compared with, where it was run. */
const BASELINES = ['sft', 'rwsft', 'dpo'];
/** Utilities at which envelopes are compared, as shares of what the first baseline reaches: worlds differ by seed. */
const LEVELS = [0.6, 0.7, 0.8, 0.9];

/** @param results every seed has the same methods, the base model first */
export function summarise(world: string, results: readonly SeedResults[]): WorldSummary {
  const [first] = results;
  const methods = first!.candidates.map(({ method }) => method);
  const baselines = BASELINES.filter((name) => methods.includes(name));
  const temperatures = first!.candidates[0]!.temperatures.map(({ temperature }) => temperature);
  const rows = methods.flatMap((method, m) =>
    temperatures.map((temperature, t): MethodRow => {
      const metrics = (name: string) =>
        results.map(({ candidates }) => candidates[methods.indexOf(name)]!.temperatures[t]!.metrics);
      const own = metrics(method);
      return {
        method,
        family: first!.candidates[m]!.family,
        temperature,
        metrics: figures(own),
        minus: Object.fromEntries(
          baselines.filter((name) => name !== method).map((name) => [name, figures(differences(own, metrics(name)))]),
        ),
      };
    }),
  );
  return {
    world,
    seeds: results.map(({ seed }) => seed),
    references: first!.references.map(({ policy }, i) => ({
      policy,
      metrics: figures(results.map(({ references }) => references[i]!.metrics)),
    })),
    rows,
    values: methods.map((method, m) =>
      valueRow(
        method,
        results.map(({ candidates }) => candidates[m]!),
      ),
    ),
    envelopes: envelopes(results, baselines),
  };
}

function figures(metrics: readonly Metrics[]): Figures {
  return Object.fromEntries(METRICS.map((name) => [name, figure(metrics.map((of) => of[name]))])) as Figures;
}

function differences(own: readonly Metrics[], others: readonly Metrics[]): Metrics[] {
  return own.map(
    (metrics, i) =>
      Object.fromEntries(METRICS.map((name) => [name, difference(metrics[name], others[i]![name])])) as Metrics,
  );
}

function difference(a: number | null, b: number | null): number | null {
  return a === null || b === null ? null : a - b;
}

function figure(values: readonly (number | null)[]): Figure | null {
  const known = values.filter((value) => value !== null);
  if (known.length < values.length || known.length === 0) return null;
  return {
    mean: known.reduce((sum, value) => sum + value, 0) / known.length,
    interval: known.length < 2 ? null : interval(Float64Array.from(known), 't'),
    positive: known.filter((value) => value > 0).length,
    seeds: known.length,
  };
}

function valueRow(method: string, candidates: readonly CandidateResult[]): ValueRow {
  const over = (of: (value: CandidateResult['value']) => number | null) =>
    figure(candidates.map(({ value }) => of(value)));
  return {
    method,
    value: {
      truth: over(({ truth }) => truth.value),
      estimate: over(({ estimate }) => estimate.value.mean),
      limit: over(({ index }) => index.limit),
      index: over(({ index }) => index.value.mean),
    },
    utility: {
      truth: over(({ truth }) => truth.utility),
      estimate: over(({ estimate }) => estimate.utility.mean),
      limit: over(({ index }) => index.limitUtility),
      index: over(({ index }) => index.utility.mean),
    },
    covered: {
      value: candidates.filter(({ value }) => contains(value.estimate.value, value.truth.value)).length,
      utility: candidates.filter(({ value }) => contains(value.estimate.utility, value.truth.utility)).length,
    },
  };
}

function contains({ interval }: Estimated, truth: number): boolean {
  return interval !== null && interval.low <= truth && truth <= interval.high;
}

function envelopes(results: readonly SeedResults[], baselines: readonly string[]): EnvelopeRow[] {
  const [reference] = baselines;
  if (reference === undefined) return [];
  const families = [...new Set(results[0]!.candidates.map(({ family }) => family))].filter((name) => name !== 'base');
  const best = results.map(({ candidates }) => Math.max(...utilities(candidates, reference)));
  return LEVELS.flatMap((level) =>
    (['coverage6', 'weightedCoverage6'] as const).flatMap((coverage) => {
      const reached = (family: string) =>
        results.map(({ candidates }, i) => envelopeAt(pointsOf(candidates, family, coverage), level * best[i]!));
      return families.map((family): EnvelopeRow => {
        const own = reached(family);
        const others = baselines.filter((name) => name !== family);
        return {
          family,
          coverage,
          level,
          reached: figure(own),
          minus: Object.fromEntries(
            others.map((name) => {
              const theirs = reached(name);
              return [name, figure(own.map((value, i) => difference(value, theirs[i]!)))];
            }),
          ),
        };
      });
    }),
  );
}

function utilities(candidates: readonly CandidateResult[], family: string): number[] {
  return pointsOf(candidates, family, 'coverage6').map(({ utility }) => utility);
}

function pointsOf(candidates: readonly CandidateResult[], family: string, coverage: Metric) {
  return candidates
    .filter((candidate) => candidate.family === family)
    .flatMap(({ temperatures }) =>
      temperatures.map(({ metrics }) => ({ utility: metrics.utility!, coverage: metrics[coverage]! })),
    );
}
