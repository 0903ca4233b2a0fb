import { betaQuantile } from '../special-functions.js';
import { sum } from '../sum.js';
import { fromBounds, type IntervalSettings } from './settings.js';
import { eventsOf, type WeightedLog } from './weighted-log.js';

/**
 * Beta quantiles for s successes in m trials (Clopper & Pearson, Biometrika 1934). With weights of 1 and rewards of 0 and 1, s
 * counts the ones: the interval then covers at least its level, whatever n. With weights and rewards scaled to
 * [0, 1], s = sum(w r) / M and m = n / M for the largest weight M: an approximation, as each weight counts as a share of a trial.
 */
export function clopperPearsonInterval(log: WeightedLog, settings: IntervalSettings): { low: number; high: number } {
  const [lowest, highest] = log.rewardRange;
  const width = highest - lowest;
  const [, possible] = log.weightRange;
  const largest = Number.isFinite(possible) ? possible : log.weights.reduce((a, b) => Math.max(a, b), 0);
  if (largest === 0)
    return fromBounds(
      settings,
      () => lowest,
      () => highest,
    );
  const successes = sum(log.weights.map((w, i) => (w * (log.rewards[i]! - lowest)) / width)) / largest;
  const trials = eventsOf(log) / largest;
  return fromBounds(
    settings,
    (tail) => lowest + width * (successes > 0 ? betaQuantile(tail, successes, Math.max(trials - successes, 0) + 1) : 0),
    (tail) => lowest + width * (successes < trials ? betaQuantile(1 - tail, successes + 1, trials - successes) : 1),
  );
}
