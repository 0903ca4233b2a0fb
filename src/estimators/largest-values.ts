/** The `count` largest of many values, in memory for twice as many. */
export class LargestValues {
  readonly #count: number;
  readonly #kept: Float64Array;
  #used = 0;
  /** Values below are not among the largest. */
  #least = -Infinity;

  /** @param count at least 1 */
  constructor(count: number) {
    this.#count = count;
    this.#kept = new Float64Array(2 * count);
  }

  add(value: number): void {
    if (value < this.#least) return;
    if (this.#used === this.#kept.length) this.#shrink();
    this.#kept[this.#used++] = value;
  }

  /** In ascending order; fewer where fewer were added. */
  sorted(): Float64Array {
    this.#shrink();
    return this.#kept.slice(0, this.#used);
  }

  #shrink(): void {
    const sorted = this.#kept.subarray(0, this.#used).sort();
    const surplus = Math.max(0, this.#used - this.#count);
    this.#kept.copyWithin(0, surplus, this.#used);
    this.#used -= surplus;
    if (this.#used === this.#count) this.#least = sorted[0]!;
  }
}
