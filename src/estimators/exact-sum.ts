import { nativeExactSum } from '../native/estimates.js';

/** One double, seen as its words: the second holds sign and exponent (every platform of Node is little-endian). */
const double = new Float64Array(1);
const words = new Uint32Array(double.buffer);
/** Clears the lower 27 bits of a significand, which leaves 26. */
const UPPER_BITS = 0xf8000000;
/** Numbers of 27 bits of one exponent that can be added in a double without rounding. */
const MOST_PENDING = 2 ** 26;
/** Terms from here on are added up apart: as doubles, their sum could be too large on the way to one that is not. */
const LARGE = 2 ** 960;
/** Exponent of the unit that large terms are whole numbers of. */
const UNIT = 900;
/** From so many terms on it pays to have a sum per exponent. */
const FEW = 64;

/**
 * A sum of doubles without any error until it is read, and then rounded once to the nearest double: neither the order of the terms nor
 * how they are split over sums that are merged changes a bit of it.
 *
 * Terms are cut into halves, which are added up by exponent (Zhu & Hayes, "Algorithm 908: online exact summation", ACM TOMS
 * 2010); what comes together is kept as an expansion, non-overlapping doubles whose exact sum it is (Shewchuk, "Adaptive
 * precision floating-point arithmetic", 1997). Terms that are not finite, or a sum beyond the largest double, give NaN or Infinity;
 * a sum of zeros is 0, whatever their signs.
 */
export class ExactSum {
  #expansion: number[] = [];
  /** The sum of large terms, in units of 2^UNIT. */
  #large = 0n;
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
    if (this.#terms++ < FEW || Math.abs(term) >= LARGE) {
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
    this.#large += other.#large;
  }

  /** The sum, correctly rounded. */
  get value(): number {
    this.#fold();
    const parts = this.#expansion;
    if (this.#large !== 0n && parts.every(Number.isFinite)) {
      return nearest(parts.reduce((sum, part) => sum + asInteger(part), this.#large << BigInt(UNIT + 1074)));
    }
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
    return high + 0;
  }

  /** Doubles whose exact sum this is; JSON keeps every bit of them. */
  toJSON(): number[] {
    this.#fold();
    return [...this.#expansion, ...finiteParts(this.#large)];
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
    if (Math.abs(term) >= LARGE && Number.isFinite(term)) {
      this.#large += BigInt(term * 2 ** -UNIT);
      return;
    }
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

/** A double as a whole number of 2^-1074. */
function asInteger(value: number): bigint {
  double[0] = value;
  const exponent = (words[1]! >>> 20) & 0x7ff;
  const fraction = (BigInt(words[1]! & 0xfffff) << 32n) | BigInt(words[0]!);
  const size = exponent === 0 ? fraction : (fraction | (1n << 52n)) << BigInt(exponent - 1);
  return value < 0 ? -size : size;
}

/** The double nearest to a whole number of 2^-1074, ties to even; infinite beyond the largest. */
function nearest(integer: bigint): number {
  const size = integer < 0n ? -integer : integer;
  const dropped = Math.max(0, size.toString(2).length - 64);
  const first = size >> BigInt(dropped);
  // A last bit for what was dropped: 64 bits are more than a double keeps, so that it decides ties only.
  const sticky = first << BigInt(dropped) === size ? 0n : 1n;
  const value = Number(first | sticky) * 2 ** (dropped - 1074);
  return integer < 0n ? -value : value;
}

/** Doubles whose sum is a whole number of 2^UNIT. */
function finiteParts(large: bigint): number[] {
  const sign = large < 0n ? -1 : 1;
  let rest = large < 0n ? -large : large;
  const parts: number[] = [];
  for (const most = 1n << 122n; rest >= most; rest -= most) parts.push(sign * 2 ** (UNIT + 122));
  for (let shift = 0; rest > 0n; shift += 41, rest >>= 41n) {
    parts.push(sign * Number(rest & 0x1ffffffffffn) * 2 ** (UNIT + shift));
  }
  return parts;
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
