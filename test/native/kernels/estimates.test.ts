import { describe, expect, it } from 'vitest';
import { ExactSum } from '../../../src/estimators/exact-sum.js';
import { Random } from '../../../src/estimators/random.js';
import { loadAddon } from '../../../src/native/loader.js';
import { checkOp, randomNumbers } from '../../helpers/check-op.js';

const tolerance = { atol: 1e-13, rtol: 1e-14 };

function nativeSum(values: Float64Array): number {
  const sum = new Float64Array(1);
  loadAddon().runSync('exact_sum', [values], [sum], [values.length], []);
  return sum[0]!;
}

describe('exact_sum', () => {
  it.each([0, 1, 7, 4096, 4097, 100_003])('of %i terms is that of fixed-point numbers', (n) => {
    checkOp('exact_sum', {
      inputs: [Float64Array.from(randomNumbers(n, 2))],
      outputs: [[Float64Array, 1]],
      dims: [n],
      tolerance,
    });
  });

  it.each([
    ['numbers of every size', (random: Random) => random.normal() * 2 ** (random.integer(2040) - 1040)],
    ['subnormal numbers', (random: Random) => random.integer(1000) * Number.MIN_VALUE],
    ['numbers near the largest', (random: Random) => (random.uniform() - 0.5) * 1e305],
    ['halves of the last bit', (random: Random) => (random.integer(3) - 1) * 2 ** -53 + (random.integer(50) ? 0 : 1)],
  ])('of %s is that of ExactSum, bit by bit, in any order', (_, term) => {
    const random = new Random(8);
    for (const n of [3, 500, 9001]) {
      const values = Float64Array.from({ length: n }, () => term(random));
      const sum = new ExactSum();
      for (const value of values) sum.add(value);
      expect(nativeSum(values)).toBe(sum.value);
      expect(nativeSum(values.toReversed())).toBe(sum.value);
      // What cancels leaves what is small.
      const cancelling = Float64Array.from([...values, 2 ** -1070, ...values.map((x) => -x)]);
      expect(nativeSum(cancelling)).toBe(2 ** -1070);
    }
  });

  it('may be too large for a double on the way', () => {
    const most = Number.MAX_VALUE;
    const values = Float64Array.from({ length: 100_001 }, (_, i) =>
      i === 50_000 ? 2 ** -1074 : i < 50_000 ? most : -most,
    );
    expect(nativeSum(values)).toBe(2 ** -1074);
    expect(nativeSum(Float64Array.of(most, most, 1, -most))).toBe(most);
    expect(nativeSum(Float64Array.of(2 ** 1023, -1, 2 ** 1023, -(2 ** 970)))).toBe(most);
    expect(() => nativeSum(Float64Array.of(2 ** 1023, 2 ** 1023, -(2 ** 970)))).toThrow();
  });

  it('of zeros is 0, whatever their signs', () => {
    expect(nativeSum(new Float64Array(5000).fill(-0))).toBe(0);
  });

  it.each([[[1, Infinity]], [[Number.NaN]], [[Infinity]], [[Number.NaN, 2]], [[1e308, 1e308]]])(
    'of %j is refused',
    (values) => {
      expect(() => nativeSum(Float64Array.from(values))).toThrow(expect.objectContaining({ code: 'NON_FINITE' }));
    },
  );
});

describe('scalar_terms', () => {
  const shapes = [
    [1, 1],
    [13, 3],
    [5003, 7],
    [2051, 19],
    [33, 8],
  ] as const;
  const log = (rounds: number, actions: number) => {
    const random = new Random(3);
    const policy = Float64Array.from({ length: rounds * actions }, () => 0.05 + random.uniform());
    for (let i = 0; i < rounds; i++) {
      const row = policy.subarray(i * actions, (i + 1) * actions);
      const total = row.reduce((a, b) => a + b);
      row.forEach((p, j) => {
        row[j] = p / total;
      });
    }
    return {
      policy,
      reward: Float64Array.from({ length: rounds }, () => random.normal()),
      propensity: Float64Array.from({ length: rounds }, () => 0.1 + 0.9 * random.uniform()),
      action: Int32Array.from({ length: rounds }, () => random.integer(actions)),
      qHat: Float64Array.from({ length: rounds * actions }, () => random.normal()),
    };
  };

  for (const [rounds, actions] of shapes) {
    const { reward, propensity, policy, action, qHat } = log(rounds, actions);
    const f64 = (size: number): [typeof Float64Array, number] => [Float64Array, size];
    it.each([
      ['all it takes', [reward, propensity, policy, action, qHat], [f64(rounds), f64(rounds), f64(rounds), f64(3)], 1],
      ['sums alone', [reward, propensity, policy, action, qHat], [null, null, null, f64(3)], 1],
      [
        'one baseline for both',
        [reward, propensity, policy, action, qHat],
        [f64(rounds), f64(rounds), null, f64(3)],
        0,
      ],
      ['no model', [reward, propensity, policy, action, null], [f64(rounds), f64(rounds), null, f64(3)], 0],
      ['a model alone', [null, null, policy, null, qHat], [null, f64(rounds), null, f64(3)], 0],
    ])(`${rounds} rounds of ${actions} actions with %s`, (_, inputs, outputs, keepBaseline) => {
      for (const [transform, lambda] of [
        [0, 1.3],
        [0, Infinity],
        [1, 1.3],
        [2, 2],
        [2, Infinity],
        [3, 0.3],
      ]) {
        checkOp('scalar_terms', {
          inputs: [...inputs],
          outputs: [...outputs],
          dims: [rounds, actions, transform!, Number(lambda === 2), keepBaseline],
          scalars: [lambda!, 1e-5],
          tolerance,
        });
      }
    });

    it(`${rounds} rounds with the policy's probabilities of their actions alone`, () => {
      checkOp('scalar_terms', {
        inputs: [reward, propensity, policy.slice(0, rounds), null, null],
        outputs: [f64(rounds), f64(rounds), null, f64(3), f64(rounds)],
        dims: [rounds, 0, 0, 1, 1],
        scalars: [2, 1e-5],
        tolerance,
      });
    });
  }

  it('refuses contributions without what they are made of', () => {
    const { reward, propensity, policy } = log(9, 1);
    const outputs = [new Float64Array(9), null, null, new Float64Array(3), new Float64Array(9)];
    const run = () =>
      loadAddon().runSync('scalar_terms', [reward, propensity, policy], outputs, [9, 0, 0, 1, 1], [Infinity, 1e-5]);
    expect(run).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
  });

  it('refuses what is none of its own, with the round', () => {
    const rounds = 20_000;
    const run = (change: (columns: ReturnType<typeof log>) => void) => () => {
      const columns = log(rounds, 2);
      change(columns);
      const { reward, propensity, policy, action, qHat } = columns;
      const outputs = [rounds, rounds, rounds, 3].map((size) => new Float64Array(size));
      loadAddon().runSync(
        'scalar_terms',
        [reward, propensity, policy, action, qHat],
        outputs,
        [rounds, 2, 0, 0, 1],
        [Infinity, 1e-5],
      );
    };
    const refused = (code: string, index: number) => expect.objectContaining({ code, index });
    expect(run(({ reward }) => reward.fill(Number.NaN, 17_000))).toThrow(refused('OUT_OF_RANGE', 17_000));
    expect(run(({ propensity }) => propensity.fill(0, 3, 4))).toThrow(refused('OUT_OF_RANGE', 3));
    expect(run(({ policy }) => policy.fill(0.6, 8, 10))).toThrow(refused('OUT_OF_RANGE', 4));
    expect(run(({ action }) => action.fill(-1, 5, 6))).toThrow(refused('OUT_OF_RANGE', 5));
    expect(run(({ action }) => action.fill(2, 5, 6))).toThrow(refused('OUT_OF_RANGE', 5));
    expect(run(({ qHat }) => qHat.fill(Infinity, 12, 13))).toThrow(refused('OUT_OF_RANGE', 6));
    expect(run(({ propensity }) => propensity.fill(1e-320, 9, 10))).toThrow(refused('NON_FINITE', 9));
  });
});
