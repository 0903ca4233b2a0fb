const SIZE = 624;
const SHIFT = 397;

/** The Mersenne Twister with 32-bit seeding (Matsumoto & Nishimura, 1998): published resamples were drawn from it. */
export class MersenneTwister {
  readonly #state = new Uint32Array(SIZE);
  #next = SIZE;

  constructor(seed: number) {
    this.#state[0] = seed;
    for (let i = 1; i < SIZE; i++) {
      const previous = this.#state[i - 1]!;
      this.#state[i] = Math.imul(1812433253, previous ^ (previous >>> 30)) + i;
    }
  }

  uint32(): number {
    if (this.#next === SIZE) this.#twist();
    let y = this.#state[this.#next++]!;
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    return (y ^ (y >>> 18)) >>> 0;
  }

  /** Uniform in 0 .. n - 1: bits under the smallest mask that holds n - 1, drawn again while too large. */
  index(n: number): number {
    if (n === 1) return 0;
    const mask = 2 ** (32 - Math.clz32(n - 1)) - 1;
    let draw = this.uint32() & mask;
    while (draw >>> 0 > n - 1) draw = this.uint32() & mask;
    return draw >>> 0;
  }

  #twist(): void {
    const state = this.#state;
    for (let i = 0; i < SIZE; i++) {
      const y = (state[i]! & 0x80000000) | (state[(i + 1) % SIZE]! & 0x7fffffff);
      state[i] = state[(i + SHIFT) % SIZE]! ^ (y >>> 1) ^ (y & 1 ? 0x9908b0df : 0);
    }
    this.#next = 0;
  }
}
