import { nativeExactSum } from '../native/estimates.js';

/** One double, seen as its words: the second holds sign and exponent (every platform of Node is little-endian). */
const double = new Float64Array(1);
const words = new Uint32Array(double.buffer);
/** Clears the lower 27 bits of a significand, which leaves 26. */
const UPPER_BITS = 0xf8000000;
/** Numbers of 27 bits of one exponent that can be added in a double without rounding. */
const MOST_PENDING = 2 ** 26;
/** From so many terms on it pays to have a sum per exponent. */
const FEW = 64;

/**
 * A sum of doubles without any error until it is read, and then rounded once to the nearest double: neither the order of the terms nor
 * how they are split over sums that are merged changes a bit of it.
 *
 * Terms are cut into halves, which are added up by exponent (Zhu & Hayes, "Algorithm 908: online exact summation", ACM TOMS
 * 2010); what comes together is kept as an expansion, non-overlapping doubles whose exact sum it is (Shewchuk, "Adaptive
 * precision floating-point arithmetic", 1997). Terms that are not finite, or a sum beyond the largest double, give NaN or Infinity.
 */
export class ExactSum {
  #expansion: number[] = [];
  #upper: Float64Array | null = null;
  #lower: Float64Array | null = null;
  #pending = 0;
  #terms = 0;

  /** A sum from what `toJSON` gave. */
  static from(expansion: readonly number[]): ExactSum {
    const sum = new ExactSum();
    for (const part of expansion) sum.#grow(part);
    return sum;
  }

  add(term: number): void {
    if (this.#terms++ < FEW) {
      this.#grow(term);
      return;
    }
    this.#upper ??= new Float64Array(2048);
    this.#lower ??= new Float64Array(2048);
    double[0] = term;
    const exponent = (words[1]! >>> 20) & 0x7ff;
    words[0]! &= UPPER_BITS;
    const upper = double[0]!;
    this.#upper[exponent]! += upper;
    this.#lower[exponent]! += term - upper;
    if (++this.#pending === MOST_PENDING) this.#fold();
  }

  /** Adds what the other sum holds. */
  merge(other: ExactSum): void {
    other.#fold();
    for (const part of other.#expansion) this.#grow(part);
  }

  /** The sum, correctly rounded. */
  get value(): number {
    this.#fold();
    const parts = this.#expansion;
    let at = parts.length - 1;
    if (at < 0) return 0;
    let high = parts[at]!;
    let low = 0;
    while (at > 0) {
      const [x, y] = [high, parts[--at]!];
      high = x + y;
      low = y - (high - x);
      if (low !== 0) break;
    }
    // Exactly between two doubles, the sign of the rest decides; `high` was rounded to even.
    if (at > 0 && low !== 0 && low < 0 === parts[at - 1]! < 0) {
      const twice = low * 2;
      const other = high + twice;
      if (other - high === twice) high = other;
    }
    return high;
  }

  /** Doubles whose exact sum this is, in ascending order of size; JSON keeps every bit of them. */
  toJSON(): number[] {
    this.#fold();
    return [...this.#expansion];
  }

  /** Empties the sums by exponent into the expansion. */
  #fold(): void {
    if (this.#pending === 0) return;
    this.#pending = 0;
    for (const sums of [this.#upper!, this.#lower!]) {
      for (const part of sums) if (part !== 0) this.#grow(part);
      sums.fill(0);
    }
  }

  #grow(term: number): void {
    const parts = this.#expansion;
    let kept = 0;
    let x = term;
    for (const part of parts) {
      const sum = x + part;
      if (!Number.isFinite(sum)) {
        this.#expansion = [sum];
        return;
      }
      const low = Math.abs(x) >= Math.abs(part) ? part - (sum - x) : x - (sum - part);
      if (low !== 0) parts[kept++] = low;
      x = sum;
    }
    parts[kept] = x;
    parts.length = kept + 1;
  }
}

/** From so many values on native code adds them up; the sum has the same bits. */
const MANY = 4096;

/** The sum of the values, correctly rounded. */
export function exactSum(values: Iterable<number>): number {
  const native = values instanceof Float64Array && values.length >= MANY ? nativeExactSum(values) : null;
  if (native !== null) return native;
  const total = new ExactSum();
  for (const value of values) total.add(value);
  return total.value;
}
