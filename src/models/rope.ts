import type { RopeConfig } from './rope-config.js';

/**
 * Inverse frequencies of the rotary embedding, one per rotated pair, computed in double.
 *
 *     default   f_i = theta^(-2i / rotary)                                            (Su et al. 2021, arXiv 2104.09864)
 *     linear    f_i / factor
 *     llama3    with wavelength w = 2 pi / f_i, low = original / low_freq_factor, high = original / high_freq_factor:
 *               w < high: f_i;  w > low: f_i / factor;  between: (1 - s) f_i / factor + s f_i,
 *               s = (original / w - low_freq_factor) / (high_freq_factor - low_freq_factor)     (Llama 3.1 reference code)
 *     yarn      r f_i / factor + (1 - r) f_i, where r rises from 0 to 1 between the pairs that turn beta_fast times within the
 *               original context and those that turn beta_slow times                    (Peng et al. 2023, arXiv 2309.00071)
 *     longrope  f_i / short_factor_i for sequences up to the original context, f_i / long_factor_i beyond (arXiv 2402.13753)
 */
export function inverseFrequencies(rope: RopeConfig, long: boolean): Float64Array {
  const plain = Float64Array.from({ length: rope.rotary / 2 }, (_, i) => rope.theta ** ((-2 * i) / rope.rotary));
  switch (rope.type) {
    case 'default':
      return plain;
    case 'linear':
      return plain.map((f) => f / rope.factor);
    case 'llama3':
      return plain.map((f) => {
        const turns = (rope.originalContext * f) / (2 * Math.PI);
        if (turns > rope.highFrequencyFactor) return f;
        if (turns < rope.lowFrequencyFactor) return f / rope.factor;
        const smooth = (turns - rope.lowFrequencyFactor) / (rope.highFrequencyFactor - rope.lowFrequencyFactor);
        return ((1 - smooth) * f) / rope.factor + smooth * f;
      });
    case 'yarn': {
      const [first, last] = yarnRange(rope);
      return plain.map((f, i) => {
        const share = Math.min(1, Math.max(0, (i - first) / (last - first)));
        return (share * f) / rope.factor + (1 - share) * f;
      });
    }
    case 'longrope': {
      const factor = long ? rope.longFactor : rope.shortFactor;
      return plain.map((f, i) => f / factor[i]!);
    }
  }
}

/** The pairs, not always whole, between which yarn goes over from the one frequency to the other. */
function yarnRange(rope: Extract<RopeConfig, { type: 'yarn' }>): [first: number, last: number] {
  const pairThatTurns = (times: number) =>
    (rope.rotary * Math.log(rope.originalContext / (times * 2 * Math.PI))) / (2 * Math.log(rope.theta));
  const [first, last] = [pairThatTurns(rope.betaFast), pairThatTurns(rope.betaSlow)];
  const [low, high] = rope.truncate ? [Math.floor(first), Math.ceil(last)] : [first, last];
  const [start, end] = [Math.max(low, 0), Math.min(high, rope.rotary - 1)];
  // As the published implementation does, so that nothing is divided by zero.
  return start === end ? [start, end + 0.001] : [start, end];
}

/** Whether a sequence of this full length (prompt and response) is rotated by the long factors of longrope. */
export function isLong(rope: RopeConfig, length: number): boolean {
  return rope.type === 'longrope' && length > rope.originalContext;
}

/**
 * cos and sin of position times inverse frequency, `[rows, rotary / 2]`, rounded once from double. The rows of the short
 * table come first; for longrope the long table follows, so that one batch may hold short and long sequences.
 */
export interface RopeTable {
  cos: Float32Array;
  sin: Float32Array;
  rows: number;
  /** First row of the long table; equal to `rows` when there is none. */
  longStart: number;
}

/** The table for positions below `length`. */
export function ropeTable(rope: RopeConfig, length: number): RopeTable {
  const hasLong = isLong(rope, length);
  const longStart = hasLong && rope.type === 'longrope' ? rope.originalContext : length;
  const rows = hasLong ? longStart + length : length;
  const half = rope.rotary / 2;
  const magnitude = 'attentionFactor' in rope ? rope.attentionFactor : 1;
  const cos = new Float32Array(rows * half);
  const sin = new Float32Array(rows * half);
  for (const long of [false, true]) {
    const frequencies = inverseFrequencies(rope, long);
    const [first, end] = long ? [longStart, rows] : [0, longStart];
    for (let row = first; row < end; row++) {
      for (let i = 0; i < half; i++) {
        const angle = (row - first) * frequencies[i]!;
        cos[row * half + i] = Math.cos(angle) * magnitude;
        sin[row * half + i] = Math.sin(angle) * magnitude;
      }
    }
  }
  return { cos, sin, rows, longStart };
}
