import { ExactSum } from './exact-sum.js';
import { columnsOf, influenceFactors, type Statistic, valueFromSums } from './statistic.js';

/** What `StatisticSums` is as JSON. */
export interface SavedSums {
  queries: number;
  sums: number[][];
  products: number[][];
}

/**
 * The exact sums of a statistic's columns and of their products, all that its value and standard error are made of. Parts of a log may
 * be added in any order, and sums of parts merged: the value has the same bits.
 */
export class StatisticSums {
  readonly #shape: Statistic;
  readonly #columns: Float64Array[];
  #queries = 0;
  readonly #sums: ExactSum[];
  /** Of columns a and b <= a, row by row. */
  readonly #products: ExactSum[];

  /** @param like a statistic with as many columns, in the same roles; its numbers are not looked at */
  constructor(like: Statistic) {
    this.#shape = emptied(like);
    this.#columns = columnsOf(this.#shape);
    const count = this.#columns.length;
    this.#sums = this.#columns.map(() => new ExactSum());
    this.#products = Array.from({ length: (count * (count + 1)) / 2 }, () => new ExactSum());
  }

  /** Sums from what `toJSON` gave; null where they are not those of such a statistic. */
  static from(like: Statistic, saved: SavedSums): StatisticSums | null {
    const result = new StatisticSums(like);
    if (saved.sums.length !== result.#sums.length || saved.products.length !== result.#products.length) return null;
    result.#queries = saved.queries;
    for (const [c, sum] of result.#sums.entries()) sum.merge(ExactSum.from(saved.sums[c]!));
    for (const [c, sum] of result.#products.entries()) sum.merge(ExactSum.from(saved.products[c]!));
    return result;
  }

  get queries(): number {
    return this.#queries;
  }

  add(part: Statistic): void {
    const columns = columnsOf(part);
    const count = part.numerator.length;
    this.#queries += count;
    let pair = 0;
    for (const [a, column] of columns.entries()) {
      const sum = this.#sums[a]!;
      for (const value of column) sum.add(value);
      for (const other of columns.slice(0, a + 1)) {
        const product = this.#products[pair++]!;
        for (let i = 0; i < count; i++) product.add(column[i]! * other[i]!);
      }
    }
  }

  merge(other: StatisticSums): void {
    this.#queries += other.#queries;
    for (const [c, sum] of other.#sums.entries()) this.#sums[c]!.merge(sum);
    for (const [c, sum] of other.#products.entries()) this.#products[c]!.merge(sum);
  }

  /** NaN where a denominator is 0. */
  value(): number {
    return valueFromSums(this.#shape, this.#sumOf);
  }

  /** The delta method's, as `standardError`: sum_i psi_i^2 = sum_ab factor_a factor_b sum_i column_ai column_bi. */
  standardError(): number {
    const n = this.#queries;
    const factors = influenceFactors(this.#shape, n, this.#sumOf).map(({ factor }) => factor);
    const squares = new ExactSum();
    let pair = 0;
    for (const [a, factor] of factors.entries()) {
      for (const [b, other] of factors.slice(0, a + 1).entries()) {
        squares.add((a === b ? 1 : 2) * factor * other * this.#products[pair++]!.value);
      }
    }
    return Math.sqrt(Math.max(0, squares.value) / (n * (n - 1)));
  }

  toJSON(): SavedSums {
    return {
      queries: this.#queries,
      sums: this.#sums.map((sum) => sum.toJSON()),
      products: this.#products.map((sum) => sum.toJSON()),
    };
  }

  #sumOf = (column: Float64Array): number => this.#sums[this.#columns.indexOf(column)]!.value;
}

/** The same roles with a distinct empty column in each. */
function emptied({ multipliers, denominators, plus }: Statistic): Statistic {
  const empty = () => new Float64Array(0);
  return {
    numerator: empty(),
    multipliers: multipliers.map(empty),
    denominators: denominators.map(empty),
    ...(plus ? { plus: emptied(plus) } : {}),
  };
}
