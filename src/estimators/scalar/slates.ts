import { type CheckedInput, invalid } from './checked-input.js';

export interface Ratio {
  numerator: Float64Array;
  denominator: Float64Array;
}

/** Rows of N slates. */
export class Slates {
  readonly count: number;
  readonly #offsets: ArrayLike<number>;

  constructor(input: CheckedInput, offsets: ArrayLike<number> | undefined) {
    if (offsets === undefined) throw input.needs('slateOffsets');
    const holds = (value: number, i: number) =>
      Number.isInteger(value) && (i === 0 ? value === 0 : value > offsets[i - 1]!);
    const bad = Array.from(offsets).findIndex((value, i) => !holds(value, i));
    if (bad >= 0 || offsets.length < 2 || offsets[offsets.length - 1] !== input.rounds) {
      const what =
        bad >= 0 ? `slateOffsets[${bad}] is ${offsets[bad]}` : `slateOffsets ends at ${offsets[offsets.length - 1]}`;
      throw invalid(`${what}; expected ascending integers from 0 to the number of rows, ${input.rounds}.`);
    }
    this.#offsets = offsets;
    this.count = offsets.length - 1;
  }

  /** The first row of each slate and the one after its last. */
  ranges(): [number, number][] {
    return Array.from({ length: this.count }, (_, slate) => [this.#offsets[slate]!, this.#offsets[slate + 1]!]);
  }

  /** Calls f with the slate, the position and the row of each row. */
  forEach(f: (slate: number, position: number, row: number) => void): void {
    for (let slate = 0; slate < this.count; slate++) {
      const first = this.#offsets[slate]!;
      for (let row = first; row < this.#offsets[slate + 1]!; row++) f(slate, row - first, row);
    }
  }

  /** [N] sums over the rows of each slate. */
  sums(rows: Float64Array): Float64Array {
    const sums = new Float64Array(this.count);
    this.forEach((slate, _, row) => {
      sums[slate]! += rows[row]!;
    });
    return sums;
  }

  /** mean over slates of sum(products) / mean weight of a row. */
  ratio(products: Float64Array, weights: Float64Array): Ratio {
    const slatesPerRow = this.count / weights.length;
    return { numerator: this.sums(products), denominator: this.sums(weights).map((w) => w * slatesPerRow) };
  }

  /** The same for the rows of each position on their own; the value is the sum of the ratios. */
  ratiosByPosition(products: Float64Array, weights: Float64Array): Ratio[] {
    const ratios: (Ratio & { rows: number })[] = [];
    this.forEach((slate, position, row) => {
      ratios[position] ??= {
        numerator: new Float64Array(this.count),
        denominator: new Float64Array(this.count),
        rows: 0,
      };
      ratios[position].numerator[slate] = products[row]!;
      ratios[position].denominator[slate] = weights[row]!;
      ratios[position].rows++;
    });
    return ratios.map(({ numerator, denominator, rows }) => ({
      numerator,
      denominator: denominator.map((w) => (w * this.count) / rows),
    }));
  }
}
