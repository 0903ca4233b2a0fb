import { describe, expect, it } from 'vitest';
import type { NativeAddon } from '../../../src/native/addon.js';
import { loadAddon } from '../../../src/native/loader.js';
import { checkOp, randomNumbers } from '../../helpers/check-op.js';
import { implementations } from '../../helpers/implementations.js';

describe('rope', () => {
  it.each([
    [0, 2, 8, 8, 4],
    [1, 1, 2, 2, 1],
    [19, 3, 10, 10, 7],
    [5, 2, 16, 6, 11],
    [5, 2, 7, 0, 3],
    [37, 4, 64, 64, 50],
  ])('%i rows, %i heads of %i, %i rotated, table of %i', (rows, heads, head, rotary, table) => {
    const positions = Int32Array.from({ length: rows }, (_, i) => (i * 7919 + table - 1) % table);
    const half = rotary / 2;
    const inputs = [
      randomNumbers(rows * heads * head, 1),
      positions,
      randomNumbers(table * half, 2),
      randomNumbers(table * half, 3),
    ];
    checkOp('rope', { inputs, outputs: [rows * heads * head], dims: [rows, heads, head, rotary, table] });
  });

  const run = (positions: number[], rotary = 4, addon: NativeAddon = loadAddon()) =>
    addon.runSync(
      'rope',
      [new Float32Array(8), Int32Array.from(positions), new Float32Array(6), new Float32Array(6)],
      [new Float32Array(8)],
      [2, 1, 4, rotary, 3],
      [],
    );

  describe.each(implementations)('%s', (_, addon) => {
    it.each([-1, 3])('refuses position %i and names its row', (position) => {
      expect(() => run([0, position], 4, addon())).toThrowError(
        expect.objectContaining({
          code: 'OUT_OF_RANGE',
          index: 1,
          message: `rope: position ${position} of row 1 is outside the table of 3 positions`,
        }),
      );
    });
  });

  it.each([3, 6])('refuses a rotated width of %i in heads of 4', (rotary) => {
    expect(() => run([0, 0], rotary)).toThrowError(expect.objectContaining({ code: 'SHAPE' }));
  });
});
