import { setImmediate } from 'node:timers/promises';
import { Random } from './random.js';
import { columnsOf, type Statistic, valueFromSums } from './statistic.js';

/**
 * The bootstrap of Efron (1979) over n units (queries or clusters): each resample draws n units with replacement and
 * recomputes every statistic, denominators included. All statistics see the same resamples, and resample b draws from
 * stream b of the seed: results depend neither on the other statistics nor on the number of resamples.
 */
export class Bootstrap {
  /** Replicates [resamples] of each statistic, in the order given; NaN where a resample has a denominator of 0. */
  readonly replicates: Float64Array[];
  readonly #statistics: readonly Statistic[];
  readonly #columns: Float64Array[];
  readonly #units: number;
  readonly #seed: number;

  constructor(statistics: readonly Statistic[], units: number, options: { resamples: number; seed: number }) {
    this.#statistics = statistics;
    this.#columns = [...new Set(statistics.flatMap(columnsOf))];
    this.#units = units;
    this.#seed = options.seed;
    this.replicates = statistics.map(() => new Float64Array(options.resamples));
  }

  /** Runs the resamples [from, to): long work can be cut into pieces. */
  run(from: number, to: number): void {
    const counts = new Float64Array(this.#units);
    for (let resample = from; resample < to; resample++) {
      counts.fill(0);
      const random = new Random(this.#seed, resample);
      for (let draw = 0; draw < this.#units; draw++) counts[random.integer(this.#units)]!++;
      this.evaluate(resample, counts);
    }
  }

  /** Sets the replicates of one resample, given how often it holds each unit. */
  evaluate(resample: number, counts: Float64Array): void {
    const sums = new Map(this.#columns.map((column) => [column, dot(counts, column)]));
    this.#statistics.forEach((statistic, s) => {
      this.replicates[s]![resample] = valueFromSums(statistic, (column) => sums.get(column)!);
    });
  }
}

/** Additions between two turns of the event loop, some milliseconds. */
const WORK_PER_TURN = 5e6;

/** Runs all resamples; lets the event loop live, and the caller interrupt, between pieces of work. */
export async function runInTurns(
  bootstrap: Bootstrap,
  resamples: number,
  workPerResample: number,
  signal: AbortSignal | undefined,
  onResample?: (done: number) => void,
): Promise<void> {
  const step = Math.max(1, Math.floor(WORK_PER_TURN / workPerResample));
  for (let from = 0; from < resamples; from += step) {
    signal?.throwIfAborted();
    const to = Math.min(from + step, resamples);
    bootstrap.run(from, to);
    onResample?.(to);
    await setImmediate();
  }
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
