/** What the intervals of E[weight * reward] are made from; both arrays are [n], in the order of the log. */
export interface WeightedLog {
  /** Importance weights, at least 0. */
  weights: Float64Array;
  rewards: Float64Array;
  rewardRange: readonly [number, number];
  /** Possible weights, those of the log included. */
  weightRange: readonly [number, number];
  /** Events of weight 0 before each event of the log, which did not reach it; need not be whole. */
  dropped: number;
}

/** Number of events, dropped ones included. */
export function eventsOf({ weights, dropped }: WeightedLog): number {
  return weights.length * (1 + dropped);
}

/** The same log with rewards -r: a lower bound of its value is minus an upper bound. */
export function negated(log: WeightedLog): WeightedLog {
  const [low, high] = log.rewardRange;
  return { ...log, rewards: log.rewards.map((r) => -r), rewardRange: [-high, -low] };
}
