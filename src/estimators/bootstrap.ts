import { setImmediate } from 'node:timers/promises';
import { poissonSums, poissonSumsAside, type ResampledSums } from '../native/bootstrap.js';
import { Random } from './random.js';
import { columnsOf, type Statistic, valueFromSums } from './statistic.js';

/** How a resample is drawn; see `Bootstrap`. */
export const RESAMPLINGS = ['multinomial', 'poisson'] as const;
export type Resampling = (typeof RESAMPLINGS)[number];

/** From so many units on resampling is Poisson's by default: there both give the same bounds, and draws by index take long. */
export const POISSON_FROM = 10_000;

/**
 * The bootstrap over n units (queries or clusters): every statistic is recomputed on resamples of the log, denominators included.
 *
 * - 'multinomial' (Efron 1979): each resample draws n units with replacement.
 * - 'poisson' (Chamandy, Muralidharan, Najmi & Naidu 2012): each resample holds each unit a Poisson(1) number of times, counted in
 *   native code. A ratio of sums varies as under Efron's up to O(1/n).
 *
 * All statistics see the same resamples, and resample b is a function of the seed and b: results depend neither on the other
 * statistics nor on the number of resamples or threads.
 */
export class Bootstrap {
  /** Replicates [resamples] of each statistic, in the order given; NaN where a resample has a denominator of 0. */
  readonly replicates: Float64Array[];
  /** Resamples that one call of `run` should have, as far as there are so many left. */
  readonly batch: number;
  readonly #statistics: readonly Statistic[];
  readonly #columns: Float64Array[];
  readonly #units: number;
  readonly #seed: number;
  readonly #resampling: Resampling;
  #flat: Float64Array | undefined;

  constructor(
    statistics: readonly Statistic[],
    units: number,
    options: { resamples: number; seed: number; resampling?: Resampling | undefined },
  ) {
    this.#statistics = statistics;
    this.#columns = [...new Set(statistics.flatMap(columnsOf))];
    this.#units = units;
    this.#seed = options.seed;
    this.#resampling = options.resampling ?? (units < POISSON_FROM ? 'multinomial' : 'poisson');
    this.replicates = statistics.map(() => new Float64Array(options.resamples));
    const work = units * (10 + this.#columns.length);
    this.batch = this.#resampling === 'poisson' ? POISSON_BATCH : Math.max(1, Math.floor(WORK_PER_TURN / work));
  }

  /** Runs the resamples [from, to): long work can be cut into pieces. */
  run(from: number, to: number): void {
    if (this.#resampling === 'poisson') this.#setSums(from, poissonSums(this.#poisson(from, to)));
    else this.#runMultinomial(from, to);
  }

  /** The same, but the event loop need not wait for native code. */
  async runAside(from: number, to: number): Promise<void> {
    if (this.#resampling === 'poisson') this.#setSums(from, await poissonSumsAside(this.#poisson(from, to)));
    else this.#runMultinomial(from, to);
  }

  #runMultinomial(from: number, to: number): void {
    const counts = new Float64Array(this.#units);
    for (let resample = from; resample < to; resample++) {
      counts.fill(0);
      const random = new Random(this.#seed, resample);
      for (let draw = 0; draw < this.#units; draw++) counts[random.integer(this.#units)]!++;
      this.evaluate(resample, counts);
    }
  }

  #poisson(first: number, to: number): ResampledSums {
    this.#flat ??= concatenated(this.#columns, this.#units);
    const columns = this.#columns.length;
    return { x: this.#flat, columns, units: this.#units, first, resamples: to - first, seed: this.#seed };
  }

  #setSums(from: number, sums: Float64Array): void {
    const columns = this.#columns.length;
    const placeOf = new Map(this.#columns.map((column, c) => [column, c]));
    for (let b = 0; b < sums.length / columns; b++) {
      this.#set(from + b, (column) => sums[b * columns + placeOf.get(column)!]!);
    }
  }

  /** Sets the replicates of one resample, given how often it holds each unit. */
  evaluate(resample: number, counts: Float64Array): void {
    const sums = new Map(this.#columns.map((column) => [column, dot(counts, column)]));
    this.#set(resample, (column) => sums.get(column)!);
  }

  #set(resample: number, sumOf: (column: Float64Array) => number): void {
    for (const [s, statistic] of this.#statistics.entries()) {
      this.replicates[s]![resample] = valueFromSums(statistic, sumOf);
    }
  }
}

/** Additions between two turns of the event loop, some milliseconds. */
const WORK_PER_TURN = 2e6;
/** Native code shares resamples among threads in blocks of 16 that read the log once. */
const POISSON_BATCH = 128;

/** Runs all resamples; lets the event loop live, and the caller interrupt, between pieces of work. */
export async function runInTurns(
  bootstrap: Bootstrap,
  resamples: number,
  signal: AbortSignal | undefined,
  onResample?: (done: number) => void,
): Promise<void> {
  for (let from = 0; from < resamples; from += bootstrap.batch) {
    signal?.throwIfAborted();
    const to = Math.min(from + bootstrap.batch, resamples);
    await bootstrap.runAside(from, to);
    onResample?.(to);
    await setImmediate();
  }
}

function concatenated(columns: readonly Float64Array[], length: number): Float64Array {
  const flat = new Float64Array(columns.length * length);
  for (const [c, column] of columns.entries()) flat.set(column, c * length);
  return flat;
}

/** Four running sums: one would wait for the previous addition at every step. */
function dot(a: Float64Array, b: Float64Array): number {
  const whole = a.length - (a.length % 4);
  let s0 = 0;
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  for (let i = 0; i < whole; i += 4) {
    s0 += a[i]! * b[i]!;
    s1 += a[i + 1]! * b[i + 1]!;
    s2 += a[i + 2]! * b[i + 2]!;
    s3 += a[i + 3]! * b[i + 3]!;
  }
  for (let i = whole; i < a.length; i++) s0 += a[i]! * b[i]!;
  return s0 + s1 + (s2 + s3);
}

/** Percentiles (in percent) of finite values by linear interpolation: rank h = (m - 1) q / 100, as numpy's default. */
export function percentiles(values: Float64Array, ranks: readonly number[]): number[] {
  const sorted = values.filter(Number.isFinite).sort();
  return ranks.map((rank) => {
    const h = ((sorted.length - 1) * rank) / 100;
    const below = Math.floor(h);
    const low = sorted[below] ?? Number.NaN;
    const high = sorted[Math.min(below + 1, sorted.length - 1)] ?? Number.NaN;
    return low + (h - below) * (high - low);
  });
}
