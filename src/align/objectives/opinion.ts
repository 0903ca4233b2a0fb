/**
 * @file The opinion-weighted likelihood: likelihood weights that remove the logging policy's popularity at the level of
 * opinions and compare votes inside an opinion (docs/theory.md section 5; this project's own). C(k) is the opinion that
 * response k expresses. None of the weights follows the model.
 */

/** A weight of the logger's share of an opinion is cut here. */
const LARGEST_CORRECTION = 20;

/** The responses of one slate, or of all slates of a query. */
export interface Opinions {
  /** C(k): equal numbers are equal opinions. */
  opinion: readonly number[];
  /** r_k, vote shares [K]. */
  reward: Float64Array;
}

/**
 *     s_C^b / sum_C' s_C'^b  x  (r_k / s_C)^g / sum_{j in C} (r_j / s_C)^g  x  min(20, share_C^-a),    s_C = max_{j in C} r_j
 *
 * @param logged the logging policy's share of C(k) for this query [K], above 0
 */
export function combWeights(
  { opinion, reward }: Opinions,
  logged: Float64Array,
  { b, g, a }: { b: number; g: number; a: number },
): Float64Array {
  const best = perOpinion(opinion, reward, Math.max);
  const total = sumOf(best.values(), (worth) => worth ** b);
  const quality = reward.map((r, k) => ratio(r, best.get(opinion[k]!)!) ** g);
  const qualities = perOpinion(opinion, quality, (sum, value) => sum + value);
  return quality.map((value, k) => {
    const worth = best.get(opinion[k]!)!;
    if (worth === 0) return 0;
    const correction = Math.min(LARGEST_CORRECTION, logged[k]! ** -a);
    return (worth ** b / total) * (value / qualities.get(opinion[k]!)!) * correction;
  });
}

/**
 *     M_C^b / sum_C' M_C'^b  x  u_k^g / sum_{j in C} u_j^g,    M_C = mean votes in C
 *
 * over all logged responses of a query; for about 20 of them or more.
 *
 * @param votes u_k, at least 0 [K]
 */
export function pooledWeights(
  opinion: readonly number[],
  votes: Float64Array,
  { b, g }: { b: number; g: number },
): Float64Array {
  const counts = perOpinion(opinion, new Float64Array(votes.length).fill(1), (sum, value) => sum + value);
  const sums = perOpinion(opinion, votes, (sum, value) => sum + value);
  const means = new Map([...sums].map(([name, sum]) => [name, sum / counts.get(name)!]));
  const total = sumOf(means.values(), (mean) => mean ** b);
  const best = perOpinion(opinion, votes, Math.max);
  const powers = votes.map((vote, k) => ratio(vote, best.get(opinion[k]!)!) ** g);
  const totals = perOpinion(opinion, powers, (sum, value) => sum + value);
  return powers.map((power, k) => {
    const mean = means.get(opinion[k]!)!;
    return mean === 0 ? 0 : (mean ** b / total) * (power / totals.get(opinion[k]!)!);
  });
}

/**
 *     n (1 - q_C)^(n-1) r_k,    q_C = (1/K) sum_{j in C} r_j / max_{j in C} r_j
 *
 * the derivative, up to a constant, of the chance that n responses cover the opinion, at the logging policy itself (every
 * importance weight 1). For one small slate with labels.
 */
export function coverWeights({ opinion, reward }: Opinions, n: number): Float64Array {
  const best = perOpinion(opinion, reward, Math.max);
  const shares = reward.map((r, k) => ratio(r, best.get(opinion[k]!)!) / reward.length);
  const covered = perOpinion(opinion, shares, (sum, value) => sum + value);
  return reward.map((r, k) => n * (1 - Math.min(1, covered.get(opinion[k]!)!)) ** (n - 1) * r);
}

function perOpinion(
  opinion: readonly number[],
  values: Float64Array,
  combine: (a: number, b: number) => number,
): Map<number, number> {
  const combined = new Map<number, number>();
  for (const [k, name] of opinion.entries()) {
    const earlier = combined.get(name);
    combined.set(name, earlier === undefined ? values[k]! : combine(earlier, values[k]!));
  }
  return combined;
}

function ratio(value: number, largest: number): number {
  return largest === 0 ? 0 : value / largest;
}

function sumOf(values: Iterable<number>, of: (value: number) => number): number {
  let total = 0;
  for (const value of values) total += of(value);
  return total;
}
