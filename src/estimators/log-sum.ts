/** log sum_s exp(values_s), value by value: none is ever exponentiated beyond 1. */
export class LogSum {
  #largest = -Infinity;
  /** Of exp(value - largest). */
  #sum = 0;

  /** @param times how often the value is there */
  add(value: number, times = 1): void {
    if (value <= this.#largest) {
      if (value > -Infinity) this.#sum += times * Math.exp(value - this.#largest);
    } else {
      this.#sum = this.#sum * Math.exp(this.#largest - value) + times;
      this.#largest = value;
    }
  }

  /** The largest value; -Infinity for none. */
  get largest(): number {
    return this.#largest;
  }

  /** -Infinity for none. */
  get value(): number {
    return this.#largest === -Infinity ? -Infinity : this.#largest + Math.log(this.#sum);
  }
}
