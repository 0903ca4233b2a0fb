import { describe, expect, it } from 'vitest';
import { importanceWeights, type Transform } from '../../../src/native/objective.js';
import { checkOp, randomNumbers } from '../../helpers/check-op.js';
import { randomLog } from '../../helpers/slate-log.js';
import { tolerances } from '../../helpers/tolerance.js';

const transforms: Transform[] = [
  { name: 'identity', value: 0 },
  { name: 'clip', value: 1.3 },
  { name: 'power', value: 0.4 },
  { name: 'power', value: 0 },
  { name: 'shrinkage', value: 2.5 },
  { name: 'sub-gaussian', value: 0.3 },
  { name: 'sub-gaussian', value: 1 },
];
const levels = ['response', 'slate', 'geometric'] as const;
const names = ['identity', 'clip', 'power', 'shrinkage', 'sub-gaussian'];

function check(sizes: number[], logProb: Float64Array, loggingLogProb: Float64Array, slateOffsets: Int32Array): void {
  levels.forEach((level, code) => {
    const count = level === 'response' ? logProb.length : sizes.length;
    for (const { name, value } of transforms) {
      checkOp('weights', {
        inputs: [logProb, loggingLogProb, slateOffsets],
        outputs: [
          [Float64Array, count],
          [Float64Array, count],
          [Float64Array, count],
        ],
        dims: [sizes.length, code, names.indexOf(name)],
        scalars: [value],
        // exp of a log-weight of size x is exact to x times the precision of a double only, whatever its size.
        tolerance: { atol: 1e-300, rtol: 1e-11 },
      });
    }
  });
}

describe('weights', () => {
  it.each([[[]], [[1]], [[3, 1, 7]], [Array.from({ length: 600 }, (_, i) => 1 + (i % 5))]])('slates %#', (sizes) => {
    const { logProb, loggingLogProb, slateOffsets } = randomLog({ sizes, seed: 3 });
    check(sizes, logProb, loggingLogProb, slateOffsets);
  });

  it('keeps the precision of log-weights that are far apart', () => {
    const logProb = Float64Array.from(randomNumbers(12, 1, 300), (l) => l - 400);
    check([4, 4, 4], logProb, new Float64Array(12).fill(-390), Int32Array.of(0, 4, 8, 12));
  });

  const log = { logProb: Float64Array.of(0, 0, 800, -1), loggingLogProb: new Float64Array(4) };
  const request = { ...log, slateOffsets: Int32Array.of(0, 2, 4) };

  it('names the slate or response whose weight is no longer a number', () => {
    for (const name of ['identity', 'power', 'shrinkage', 'sub-gaussian'] as const) {
      const overflow = (level: (typeof levels)[number]) => () =>
        importanceWeights({ ...request, level, transform: { name, value: 0.5 } });
      const error = (index: number, what: string) =>
        expect.objectContaining({ code: 'WEIGHT_OVERFLOW', index, message: expect.stringContaining(what) });
      expect(overflow('slate')).toThrowError(error(1, 'slate 1'));
      expect(overflow('response')).toThrowError(error(2, 'response 2'));
      expect(overflow('geometric')).not.toThrow();
    }
  });

  it('clips a weight that would overflow, with derivative 0', () => {
    const { logWeights, weights, derivatives } = importanceWeights({
      ...request,
      level: 'slate',
      transform: { name: 'clip', value: 10 },
    });
    expect([...logWeights]).toEqual([0, 799]);
    expect([...weights]).toEqual([1, 10]);
    expect([...derivatives]).toEqual([1, 0]);
  });

  it.each([
    ['NaN', { logProb: Float64Array.of(0, Number.NaN, 0, 0) }, 'NON_FINITE', 1],
    ['an empty slate', { slateOffsets: Int32Array.of(0, 0, 4) }, 'OUT_OF_RANGE', 0],
    ['offsets that end early', { slateOffsets: Int32Array.of(0, 2, 3) }, 'OUT_OF_RANGE', 2],
    ['unequal lengths', { loggingLogProb: new Float64Array(3) }, 'SHAPE', -1],
    ['a negative threshold', { transform: { name: 'clip', value: -1 } as Transform }, 'INVALID_ARGUMENT', -1],
  ])('refuses %s', (_, change, code, index) => {
    const run = () => importanceWeights({ ...request, level: 'response', transform: transforms[1]!, ...change });
    expect(run).toThrowError(expect.objectContaining({ code, index }));
  });
});

describe('sequence_reduce', () => {
  it.each([[[]], [[0]], [[1]], [[0, 3, 0, 1]], [Array.from({ length: 200 }, (_, i) => i % 7)]])(
    'lengths %#',
    (lengths) => {
      const offsets = BigInt64Array.from([0n, ...lengths.map(BigInt)]);
      for (let i = 1; i < offsets.length; i++) offsets[i]! += offsets[i - 1]!;
      checkOp('sequence_reduce', {
        inputs: [Float32Array.from(randomNumbers(Number(offsets.at(-1)), 5, 100)), offsets],
        outputs: [
          [Float64Array, lengths.length],
          [Float64Array, lengths.length],
        ],
        dims: [lengths.length],
        tolerance: tolerances.f64,
      });
    },
  );
});
