import { describe, expect, test } from 'vitest';
import { inverseFrequencies, isLong, ropeTable } from '../../src/models/rope.js';
import { parseRopeConfig, type RopeConfig } from '../../src/models/rope-config.js';
import { expectClose } from '../helpers/tolerance.js';

const base = { theta: 10000, rotary: 4 };
const longrope: RopeConfig = {
  ...base,
  type: 'longrope',
  shortFactor: [1, 2],
  longFactor: [4, 8],
  attentionFactor: 1.5,
  originalContext: 5,
};

describe('inverse frequencies', () => {
  test('default and linear', () => {
    expect([...inverseFrequencies({ ...base, type: 'default' }, false)]).toEqual([1, 0.01]);
    expect([...inverseFrequencies({ ...base, type: 'linear', factor: 4 }, false)]).toEqual([0.25, 0.0025]);
  });

  test('llama3 keeps short waves, stretches long ones, blends between, without a jump at either end', () => {
    const frequency = (theta: number) => {
      const scaled = {
        theta,
        rotary: 4,
        type: 'llama3',
        factor: 8,
        lowFrequencyFactor: 1,
        highFrequencyFactor: 4,
        originalContext: 100,
      } as const;
      return inverseFrequencies(scaled, false)[1]! * Math.sqrt(theta);
    };
    // The second frequency is theta^(-1/2), its wavelength 2 pi sqrt(theta): 100 / wavelength turns fit the context.
    const thetaOf = (turns: number) => (100 / (2 * Math.PI * turns)) ** 2;
    expect(frequency(thetaOf(4.1))).toBeCloseTo(1, 12);
    expect(frequency(thetaOf(0.9))).toBeCloseTo(1 / 8, 12);
    expect(frequency(thetaOf(2.5))).toBeCloseTo((1 + 1 / 8) / 2, 12);
    expect(frequency(thetaOf(4.0001))).toBeCloseTo(frequency(thetaOf(3.9999)), 3);
    expect(frequency(thetaOf(1.0001))).toBeCloseTo(frequency(thetaOf(0.9999)), 3);
  });

  test.each([
    [{ factor: 4 }, [1, 0.2371708, 0.05, 0.007905695, 0.0025, 0.0007905695, 0.00025, 7.905695e-5], 1.138629436111989],
    [
      { factor: 4, truncate: false, beta_fast: 8, beta_slow: 2, mscale: 1, mscale_all_dim: 0.5 },
      [1, 0.1605892, 0.025, 0.007905695, 0.0025, 0.0007905695, 0.00025, 7.905695e-5],
      1.0648216253695715,
    ],
  ])('yarn of %j, and what it multiplies by, are those of transformers 5.18', (settings, frequencies, magnitude) => {
    const rope_parameters = { rope_type: 'yarn', original_max_position_embeddings: 64, ...settings };
    const model = { family: 'llama', headSize: 16, context: 256 };
    const rope = parseRopeConfig('config.json', { rope_parameters }, model);
    expectClose(inverseFrequencies(rope, false), frequencies, { atol: 0, rtol: 1e-6 });
    expectClose(ropeTable(rope, 1).cos, new Array(8).fill(magnitude), { atol: 0, rtol: 1e-7 });
  });

  test('longrope divides by the list of its length', () => {
    expect([...inverseFrequencies(longrope, false)]).toEqual([1, 0.005]);
    expect([...inverseFrequencies(longrope, true)]).toEqual([0.25, 0.00125]);
  });
});

describe('table', () => {
  test('is cos and sin of position times frequency', () => {
    const { cos, sin, rows, longStart } = ropeTable({ ...base, type: 'default' }, 7);
    expect([rows, longStart, cos.length]).toEqual([7, 7, 14]);
    expect(cos[6 * 2 + 1]).toBe(Math.fround(Math.cos(0.06)));
    expect(sin[6 * 2]).toBe(Math.fround(Math.sin(6)));
  });

  test('of longrope: within the original context short rows only; beyond it, long rows follow the short ones', () => {
    expect(ropeTable(longrope, 5)).toMatchObject({ rows: 5, longStart: 5 });
    const { cos, rows, longStart } = ropeTable(longrope, 6);
    expect([rows, longStart]).toEqual([11, 5]);
    expect(cos[3 * 2]).toBe(Math.fround(1.5 * Math.cos(3)));
    expect(cos[(longStart + 3) * 2]).toBe(Math.fround(1.5 * Math.cos(0.75)));
  });

  test('long is what exceeds the original context', () => {
    expect([isLong(longrope, 5), isLong(longrope, 6), isLong({ ...base, type: 'default' }, 1e9)]).toEqual([
      false,
      true,
      false,
    ]);
  });
});
