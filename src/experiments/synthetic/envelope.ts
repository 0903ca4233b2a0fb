/** A policy as a point: what it is worth, and how much it covers. */
export interface Point {
  utility: number;
  coverage: number;
}

/**
 * The most coverage that some policies reach at this utility or above, where one may toss a coin between any two of them: the upper
 * concave envelope of their points. Null where none has that utility.
 */
export function envelopeAt(points: readonly Point[], utility: number): number | null {
  const above = points.filter((point) => point.utility >= utility);
  if (above.length === 0) return null;
  let best = Math.max(...above.map(({ coverage }) => coverage));
  for (const low of points.filter((point) => point.utility < utility)) {
    for (const high of above) {
      const share = (utility - low.utility) / (high.utility - low.utility);
      best = Math.max(best, low.coverage + share * (high.coverage - low.coverage));
    }
  }
  return best;
}
