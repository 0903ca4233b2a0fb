/** @file The weights of one row of an evaluation, block by block: what they say, and their sums for self-normalised figures. */
import { importanceWeights, type Transform, type WeightLevel } from '../native/objective.js';
import type { LogColumns } from './columns.js';
import { WeightDiagnosis, type WeightDiagnostics } from './diagnostics.js';
import { blocksOf } from './log-blocks.js';
import type { Normalisation, WeightHistogram } from './result.js';
import { CompensatedSum } from './sum.js';
import { WeightBins } from './weight-histogram.js';

export interface WeighedLog {
  /** Of each slate: the sum of its responses' h(rho), or its one h(W) [N]. */
  sums: Float64Array;
  diagnostics: WeightDiagnostics;
  histogram: Pick<WeightHistogram, 'from' | 'width' | 'counts' | 'shares'>;
  /** The largest weight before any transform, and the slate that has it. */
  largest: { slate: number; logWeight: number };
}

export interface Weighing {
  level: WeightLevel;
  normalise: Normalisation;
  /** Null: weights as they are, by their logarithms alone: none can be too large, and there are no sums. */
  transform: Transform | null;
  signal: AbortSignal | undefined;
}

/** A double ends at exp(709.78). */
const MAX_LOG_WEIGHT = 709;
/** Log-weights need no transform, and with this one none is too large to be asked for. */
const CLIP: Transform = { name: 'clip', value: 1 };

/** Null where a weight is too large for a number and is not clipped. */
export async function weighLog(columns: LogColumns, weighing: Weighing): Promise<WeighedLog | null> {
  const { level, normalise, transform, signal } = weighing;
  const slates = columns.queryWeight.length;
  const size = level === 'response' ? columns.reward.length : slates;
  const diagnosis = new WeightDiagnosis(size, transform?.name === 'clip' ? Math.log(transform.value) : null);
  const bins = new WeightBins();
  const sums = new Float64Array(transform ? slates : 0);
  const largest = { slate: 0, logWeight: -Infinity };
  for await (const { first, log } of blocksOf(columns, normalise, signal)) {
    const { logWeights } = importanceWeights({ ...log, level, transform: CLIP });
    const offsets = level === 'response' ? log.slateOffsets : log.slateOffsets.map((_, i) => i);
    noteLargest(largest, logWeights, offsets, first);
    if (transform && transform.name !== 'clip' && largest.logWeight > MAX_LOG_WEIGHT) return null;
    const weights = transform && importanceWeights({ ...log, level, transform }).weights;
    if (weights) sumPerSlate(sums.subarray(first), weights, offsets);
    const sample = {
      logWeights,
      transformed: weights ? weights.map(Math.log) : logWeights,
      offsets,
      queryWeight: log.queryWeight,
    };
    diagnosis.add(sample);
    bins.add(sample);
  }
  return { sums, diagnostics: diagnosis.result(), histogram: bins.result(), largest };
}

function noteLargest(
  largest: WeighedLog['largest'],
  logWeights: Float64Array,
  offsets: Int32Array,
  first: number,
): void {
  for (let i = 0; i + 1 < offsets.length; i++) {
    for (let s = offsets[i]!; s < offsets[i + 1]!; s++) {
      if (logWeights[s]! <= largest.logWeight) continue;
      largest.logWeight = logWeights[s]!;
      largest.slate = first + i;
    }
  }
}

function sumPerSlate(sums: Float64Array, weights: Float64Array, offsets: Int32Array): void {
  for (let i = 0; i + 1 < offsets.length; i++) {
    const total = new CompensatedSum();
    for (let s = offsets[i]!; s < offsets[i + 1]!; s++) total.add(weights[s]!);
    sums[i] = total.value;
  }
}
