type Column = Float64Array | Int32Array;

const FIRST = 1 << 10;
/** Room that is not written to costs addresses and no memory, while a copy costs both. */
const GROWTH = 4;

/** Numbers appended one by one to a typed array: a list would take twice the memory to become one. */
export class GrowingColumn<T extends Column> {
  readonly #Kind: new (
    length: number,
  ) => T;
  #values: T;
  #length = 0;

  constructor(Kind: new (length: number) => T) {
    this.#Kind = Kind;
    this.#values = new Kind(FIRST);
  }

  get length(): number {
    return this.#length;
  }

  /** The numbers so far, until more are appended. */
  get values(): T {
    return this.#values.subarray(0, this.#length) as T;
  }

  push(value: number): void {
    if (this.#length === this.#values.length) {
      const larger = new this.#Kind(GROWTH * this.#length);
      larger.set(this.#values);
      this.#values = larger;
    }
    this.#values[this.#length++] = value;
  }
}
