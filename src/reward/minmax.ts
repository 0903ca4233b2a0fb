/** r_k = (u_k - min u) / (max u - min u); a constant slate gets 1 each. `signals` [K], result [K]. */
export function minmaxRewards(signals: Float64Array): Float64Array {
  const low = signals.reduce((least, signal) => Math.min(least, signal), Number.POSITIVE_INFINITY);
  const high = signals.reduce((most, signal) => Math.max(most, signal), Number.NEGATIVE_INFINITY);
  if (high === low) return new Float64Array(signals.length).fill(1);
  // Halved, because the distance between two finite numbers may not be finite.
  if (high - low === Number.POSITIVE_INFINITY) return minmaxRewards(signals.map((signal) => signal / 2));
  return signals.map((signal) => (signal - low) / (high - low));
}
