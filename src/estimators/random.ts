/**
 * @file Counter-based random numbers: Philox4x32-10 (Salmon, Moraes, Dror & Shaw, "Parallel random numbers: as easy as
 * 1, 2, 3", SC 2011). A number is a pure function of (seed, stream, position): resamples and queries have streams of
 * their own, so that neither their order nor their number changes what another one draws.
 */
const MULTIPLIER_0 = 0xd2511f53;
const MULTIPLIER_1 = 0xcd9e8d57;
const WEYL_0 = 0x9e3779b9;
const WEYL_1 = 0xbb67ae85;
const ROUNDS = 10;

/** Upper 32 bits of a 32 x 32 bit product: halves of the multiplier keep every intermediate below 2^53. */
function multiplyHigh(multiplier: number, x: number): number {
  const low = Math.floor(((multiplier & 0xffff) * x) / 0x10000);
  return Math.floor(((multiplier >>> 16) * x + low) / 0x10000);
}

/** Encrypts `counter` (4 words) under `key` (2 words) into `output` (4 words). */
export function philox4x32(counter: Uint32Array, key: Uint32Array, output: Uint32Array): void {
  let c0 = counter[0]!;
  let c1 = counter[1]!;
  let c2 = counter[2]!;
  let c3 = counter[3]!;
  let k0 = key[0]!;
  let k1 = key[1]!;
  for (let round = 0; round < ROUNDS; round++) {
    const high0 = multiplyHigh(MULTIPLIER_0, c0);
    const high1 = multiplyHigh(MULTIPLIER_1, c2);
    const low0 = Math.imul(MULTIPLIER_0, c0) >>> 0;
    const low1 = Math.imul(MULTIPLIER_1, c2) >>> 0;
    c0 = (high1 ^ c1 ^ k0) >>> 0;
    c1 = low1;
    c2 = (high0 ^ c3 ^ k1) >>> 0;
    c3 = low0;
    k0 = (k0 + WEYL_0) >>> 0;
    k1 = (k1 + WEYL_1) >>> 0;
  }
  output[0] = c0;
  output[1] = c1;
  output[2] = c2;
  output[3] = c3;
}

/** One stream of random numbers. `seed` and `stream` are non-negative integers below 2^53 and 2^32. */
export class Random {
  readonly #counter: Uint32Array;
  readonly #key: Uint32Array;
  readonly #block = new Uint32Array(4);
  #used = 4;

  constructor(seed: number, stream = 0, substream = 0) {
    this.#key = Uint32Array.of(seed >>> 0, Math.floor(seed / 0x1_0000_0000));
    this.#counter = Uint32Array.of(0, 0, stream, substream);
  }

  uint32(): number {
    if (this.#used === 4) {
      philox4x32(this.#counter, this.#key, this.#block);
      this.#counter[0]!++;
      if (this.#counter[0] === 0) this.#counter[1]!++;
      this.#used = 0;
    }
    return this.#block[this.#used++]!;
  }

  /** Uniform in [0, 1), 53 bits. */
  uniform(): number {
    return ((this.uint32() >>> 5) * 0x400_0000 + (this.uint32() >>> 6)) / 0x20_0000_0000_0000;
  }

  /** Uniform integer in [0, n), 1 <= n <= 2^32, without bias: draws that would favour small values are rejected. */
  integer(n: number): number {
    const bound = 0x1_0000_0000 - (0x1_0000_0000 % n);
    let draw = this.uint32();
    while (draw >= bound) draw = this.uint32();
    return draw % n;
  }

  /** Standard normal, by Box and Muller's transform (one of its two values). */
  normal(): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()));
    return radius * Math.cos(2 * Math.PI * this.uniform());
  }

  /** Poisson with this mean, by inversion of its distribution function (Devroye 1986, X.3); the mean is at most 700. */
  poisson(mean: number): number {
    let remaining = this.uniform();
    let probability = Math.exp(-mean);
    let count = 0;
    // Rounding could leave a rest that no term exceeds: the tail beyond it has no probability left.
    while (remaining >= probability && probability > 0) {
      remaining -= probability;
      probability *= mean / ++count;
    }
    return count;
  }

  /** Index k with probability `probabilities[k]`; the probabilities sum to 1. */
  categorical(probabilities: ArrayLike<number>): number {
    let remaining = this.uniform();
    for (let k = 0; k < probabilities.length - 1; k++) {
      remaining -= probabilities[k]!;
      if (remaining < 0) return k;
    }
    return probabilities.length - 1;
  }
}
