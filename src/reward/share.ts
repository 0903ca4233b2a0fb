/**
 * r_k = u_k / sum_j u_j: the share of the slate's votes (docs/theory.md section 1). Negative signals count as 0; a slate
 * in which nobody voted gets 1/K each. `signals` [K], result [K].
 */
export function shareRewards(signals: Float64Array): Float64Array {
  const largest = signals.reduce((most, signal) => Math.max(most, signal), 0);
  if (largest === 0) return new Float64Array(signals.length).fill(1 / signals.length);
  // Relative to the largest first, so that the sum of huge signals cannot overflow.
  const votes = signals.map((signal) => Math.max(signal, 0) / largest);
  const total = votes.reduce((sum, vote) => sum + vote, 0);
  return votes.map((vote) => vote / total);
}
