import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { estimateSets, type SetLog } from '../../../src/estimators/scalar/sets.js';

/** Probability of drawing these items in this order without replacement. */
function orderProbability(order: readonly number[], p: readonly number[]): number {
  let [probability, left] = [1, 1];
  for (const item of order) {
    probability *= p[item]! / left;
    left -= p[item]!;
  }
  return probability;
}

/** Every ordered choice of `size` of `count` items. */
function ordersOf(count: number, size: number, chosen: number[] = []): number[][] {
  if (chosen.length === size) return [chosen];
  return Array.from({ length: count }, (_, item) => item)
    .filter((item) => !chosen.includes(item))
    .flatMap((item) => ordersOf(count, size, [...chosen, item]));
}

/** A log with one row for each of these sets. */
function logOf(sets: number[][], target: readonly number[], logging: readonly number[]): SetLog {
  const offsets = [0];
  for (const set of sets) offsets.push(offsets.at(-1)! + set.length);
  return {
    reward: sets.map(() => 1),
    slateOffsets: offsets,
    logProb: sets.flat().map((item) => Math.log(target[item]!)),
    loggingLogProb: sets.flat().map((item) => Math.log(logging[item]!)),
  };
}

const distribution = (size: number) =>
  fc
    .array(fc.double({ min: 0.02, max: 1, noNaN: true }), { minLength: size, maxLength: size })
    .map((masses) => masses.map((mass) => mass / masses.reduce((a, b) => a + b)));
const world = fc.integer({ min: 3, max: 5 }).chain((items) =>
  fc.record({
    items: fc.constant(items),
    size: fc.integer({ min: 1, max: items - 1 }),
    target: distribution(items),
    logging: distribution(items),
    rewards: fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: items, maxLength: items }),
  }),
);

describe('sets drawn without replacement', () => {
  it('have the weight of all their orders, are valued without bias, and more steadily than orders', () => {
    fc.assert(
      fc.property(world, ({ items, size, target, logging, rewards }) => {
        const orders = ordersOf(items, size);
        const key = (order: number[]) => order.toSorted().join();
        const sets = [...new Map(orders.map((order) => [key(order), order])).values()];
        const probabilities = (p: number[]) =>
          sets.map((set) =>
            orders
              .filter((order) => key(order) === key(set))
              .reduce((sum, order) => sum + orderProbability(order, p), 0),
          );
        const [wanted, below] = [probabilities(target), probabilities(logging)];
        const { weights } = estimateSets(logOf(sets, target, logging), 'set-ips', { draws: 'without-replacement' });
        let [mean, value, truth, second] = [0, 0, 0, 0];
        for (const [i, set] of sets.entries()) {
          expect(weights![i]! / (wanted[i]! / below[i]!)).toBeCloseTo(1, 9);
          const reward = set.reduce((sum, item) => sum + rewards[item]!, 0);
          mean += below[i]! * weights![i]!;
          value += below[i]! * weights![i]! * reward;
          second += below[i]! * weights![i]! ** 2;
          truth += wanted[i]! * reward;
        }
        expect(mean).toBeCloseTo(1, 9);
        expect(value).toBeCloseTo(truth, 9);
        const ordered = orders.reduce((sum, order) => {
          return sum + orderProbability(order, target) ** 2 / orderProbability(order, logging);
        }, 0);
        expect(second).toBeLessThanOrEqual(ordered * (1 + 1e-9));
      }),
      { numRuns: 40 },
    );
  });

  it('of whole vocabularies cannot be drawn in part', () => {
    const log = logOf([[0, 0]], [1], [1]);
    expect(() => estimateSets(log, 'set-ips', { draws: 'without-replacement' })).toThrow(/Set 0.*sum to 1/);
  });
});

describe('estimators of sets', () => {
  const log: SetLog = {
    ...logOf([[0, 1], [1], [2, 2, 0]], [0.5, 0.3, 0.2], [0.25, 0.25, 0.5]),
    reward: [2, 1, 3],
    qHat: [1, 1, 1],
    qPolicy: [0.5, 1, 2],
  };
  const w = [2 * 1.2, 1.2, 0.4 * 0.4 * 2];

  it('weight independent draws by the product', () => {
    const { weights, value } = estimateSets(log, 'set-ips');
    for (const [i, weight] of w.entries()) expect(weights![i]).toBeCloseTo(weight, 12);
    expect(value).toBeCloseTo((2 * w[0]! + w[1]! + 3 * w[2]!) / 3, 12);
    expect(estimateSets(log, 'set-snips').value).toBeCloseTo((3 * value) / (w[0]! + w[1]! + w[2]!), 12);
  });

  it('use predictions for the rest', () => {
    expect(estimateSets(log, 'set-dm').value).toBeCloseTo(3.5 / 3, 12);
    expect(estimateSets(log, 'set-dr').value).toBeCloseTo((3.5 + w[0]! + 2 * w[2]!) / 3, 12);
    // A model that is right about the logged sets leaves the direct method.
    expect(estimateSets({ ...log, qHat: log.reward }, 'set-dr').value).toBe(estimateSets(log, 'set-dm').value);
  });

  it('take a response that the policy never gives', () => {
    const never = { ...logOf([[0, 1], [1]], [0.5, 0.5], [0.5, 0.3]), logProb: [-1, -1, -Infinity] };
    expect(estimateSets(never, 'set-ips').weights![1]).toBe(0);
    expect(estimateSets(never, 'set-ips', { draws: 'without-replacement' }).weights![1]).toBe(0);
  });

  it.each<[string, Partial<SetLog>, string, object, string, RegExp]>([
    ['another name', {}, 'ips', {}, 'ESTIMATOR_UNKNOWN', /set-ips, set-snips, set-dr, set-dm/],
    ['other draws', {}, 'set-ips', { draws: 'greedy' }, 'ESTIMATE_OPTION', /draws/],
    ['no rewards', { reward: undefined }, 'set-ips', {}, 'ESTIMATE_NEEDS', /set-ips needs reward/],
    ['no predictions', { qHat: undefined }, 'set-dr', {}, 'ESTIMATE_NEEDS', /set-dr needs qHat/],
    ['no predictions of the policy', { qPolicy: undefined }, 'set-dm', {}, 'ESTIMATE_NEEDS', /set-dm needs qPolicy/],
    ['no propensities', { loggingLogProb: undefined }, 'set-ips', {}, 'ESTIMATE_NEEDS', /loggingLogProb/],
    [
      'probabilities for logarithms',
      { logProb: [0.5, 0.3, 0.3, 0.2, 0.2, 0.5] },
      'set-ips',
      {},
      'ESTIMATE_INPUT',
      /\[0\]/,
    ],
    ['rewards of responses', { reward: [1, 1, 1, 1, 1, 1] }, 'set-ips', {}, 'ESTIMATE_INPUT', /one per set/],
    [
      'overflowing weights',
      { loggingLogProb: [-900, -2, -2, -2, -2, -2] },
      'set-ips',
      {},
      'ESTIMATE_INPUT',
      /set 0 is exp\(900\.1\)/,
    ],
    [
      'no weight at all',
      { logProb: Array(6).fill(-Infinity) },
      'set-snips',
      {},
      'WEIGHTS_VANISH',
      /sum of the weights/,
    ],
  ])('refuse %s', (_, change, name, options, code, message) => {
    const act = () => estimateSets({ ...log, ...change }, name, options);
    expect(act).toThrow(message);
    expect(act).toThrow(expect.objectContaining({ code }));
  });

  it('refuse sets too large for sums over subsets', () => {
    const large = logOf([Array.from({ length: 17 }, () => 0)], [0.01], [0.01]);
    expect(() => estimateSets(large, 'set-ips', { draws: 'without-replacement' })).toThrow(/17 responses.*16/);
  });
});
