import { describe, expect, it } from 'vitest';
import { estimateLoggers } from '../../../src/estimators/scalar/loggers.js';
import { estimateSets, type SetLog } from '../../../src/estimators/scalar/sets.js';
import fc from '../../helpers/properties.js';

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

describe('sets of several logging policies', () => {
  const TARGET = [0.2, 0.3, 0.4, 0.1];
  const LOGGERS = [
    [0.4, 0.4, 0.1, 0.1],
    [0.1, 0.1, 0.5, 0.3],
  ];
  const value = (set: number[]) => set.reduce((total, item) => total + item * item, 0);

  /** One row for each of these sets under each logger. */
  function logOfBoth(sets: number[][]): SetLog {
    const rows = LOGGERS.flatMap((p, logger) => sets.map((set) => ({ set, p, logger })));
    const items = rows.flatMap(({ set, p }) => set.map((item) => ({ item, p })));
    return {
      ...logOf(
        rows.map(({ set }) => set),
        TARGET,
        TARGET,
      ),
      reward: rows.map(({ set }) => value(set)),
      loggingLogProb: items.map(({ item, p }) => Math.log(p[item]!)),
      logger: rows.map(({ logger }) => logger),
      loggers: 2,
      loggingLogProbOfLoggers: items.flatMap(({ item }) => LOGGERS.map((p) => Math.log(p[item]!))),
    };
  }

  it.each(['independent', 'without-replacement'] as const)(
    'have balanced weights without bias, and steadier than those of their own loggers (%s)',
    (draws) => {
      const orders = ordersOf(4, 2);
      const pairs = draws === 'independent' ? [...orders, ...[0, 1, 2, 3].map((item) => [item, item])] : orders;
      const probability = (pair: number[], p: number[]) =>
        draws === 'independent' ? p[pair[0]!]! * p[pair[1]!]! : orderProbability(pair, p);
      const truth = pairs.reduce((total, pair) => total + probability(pair, TARGET) * value(pair), 0);
      const { loggingLogProb, ...all } = logOfBoth(pairs);
      const moments = (log: SetLog, combine: 'naive' | 'balanced') => {
        const { contributions } = estimateSets(log, 'set-ips', { draws, combine });
        // Both loggers wrote half of the sets.
        const share = (i: number) => probability(pairs[i % pairs.length]!, LOGGERS[i < pairs.length ? 0 : 1]!) / 2;
        return [1, 2].map((power) => contributions.reduce((total, x, i) => total + share(i) * x ** power, 0));
      };
      const [mean, square] = moments(all, 'balanced');
      const [ownMean, ownSquare] = moments({ ...all, loggingLogProb }, 'naive');
      expect(mean).toBeCloseTo(truth, 12);
      expect(ownMean).toBeCloseTo(truth, 12);
      expect(square).toBeLessThan(ownSquare!);
    },
  );

  it('are single actions where a set has one response', () => {
    const sets = [[0], [1], [2], [3], [2], [1]];
    const { loggingLogProb, loggingLogProbOfLoggers, logProb, ...shared } = logOfBoth(sets);
    const exp = (values: ArrayLike<number> | undefined) => Float64Array.from(values!, Math.exp);
    const scalar = { ...shared, propensity: exp(loggingLogProb), policyOfAction: exp(logProb) };
    const own = { ...shared, logProb, loggingLogProb };
    for (const [set, single] of [
      ['set-ips', 'ips'],
      ['set-snips', 'snips'],
    ] as const) {
      for (const combine of ['naive', 'weighted', 'balanced'] as const) {
        const log = combine === 'balanced' ? { ...shared, logProb, loggingLogProbOfLoggers } : own;
        const expected = estimateLoggers({ ...scalar, propensityOfLoggers: exp(loggingLogProbOfLoggers) }, single, {
          combine,
        });
        expect(estimateSets(log, set, { combine }).value).toBeCloseTo(expected.value, 12);
      }
    }
    const model = { ...own, qHat: shared.reward, qPolicy: sets.concat(sets).map((_, i) => i % 3) };
    expect(estimateSets(model, 'set-dr', { combine: 'weighted' }).contributions).toHaveLength(12);
  });

  it('are refused without what they need', () => {
    const { loggingLogProb, ...log } = logOfBoth([[0, 1], [2]]);
    const balanced = (changed: Partial<SetLog>) => () =>
      estimateSets({ ...log, ...changed }, 'set-ips', { combine: 'balanced' });
    expect(balanced({ loggers: undefined })).toThrow(/set-ips needs loggers/);
    expect(balanced({ logger: undefined })).toThrow(/set-ips needs logger,/);
    expect(balanced({ loggingLogProbOfLoggers: undefined })).toThrow(/set-ips needs loggingLogProbOfLoggers/);
    expect(balanced({ loggingLogProb })).toThrow(/leave loggingLogProb out/);
    const never = Float64Array.from(log.loggingLogProbOfLoggers!);
    never[0] = -Infinity;
    expect(balanced({ loggingLogProbOfLoggers: never })).toThrow(/Set 0: .*its own logger 0 never draws it/);
    const wrong = { combine: 'mean' as 'naive' };
    expect(() => estimateSets({ ...log, loggingLogProb }, 'set-ips', wrong)).toThrow(/naive, weighted, balanced/);
  });
});
