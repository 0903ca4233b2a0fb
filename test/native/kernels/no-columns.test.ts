/** Arrays without columns still have rows: what they say is checked, and what does not depend on columns is written. */
import { describe, expect, it } from 'vitest';
import { implementations } from '../../helpers/implementations.js';

describe.each(implementations)('without columns, %s', (_, addon) => {
  const run = (op: string, inputs: (Float32Array | Int32Array | null)[], dims: number[], scalars: number[] = []) => {
    const out = new Float32Array(0);
    return () => addon().runSync(op, inputs, [out], dims, scalars);
  };
  const nothing = new Float32Array(0);
  const good = Int32Array.of(0, 1, 2);
  const bad = Int32Array.of(0, 3, -1);
  const refusal = expect.objectContaining({ code: 'OUT_OF_RANGE', index: 1 });

  it('gather_rows and embedding check their index', () => {
    expect(run('gather_rows', [nothing, good], [3, 0, 3])).not.toThrow();
    expect(run('gather_rows', [nothing, bad], [3, 0, 3])).toThrowError(refusal);
    expect(run('embedding', [bad, nothing], [3, 3, 0])).toThrowError(refusal);
  });

  it.each([
    ['heads', 0, 2, 2],
    ['elements', 2, 0, 0],
  ])('rope without %s checks its positions', (_, heads, head, rotary) => {
    const table = new Float32Array((3 * rotary) / 2);
    const inputs = (positions: Int32Array) => [nothing, positions, table, table];
    expect(run('rope', inputs(good), [3, heads, head, rotary, 3])).not.toThrow();
    expect(run('rope', inputs(bad), [3, heads, head, rotary, 3])).toThrowError(refusal);
  });

  it('norms have nothing to write', () => {
    expect(run('rms_norm', [nothing, nothing], [5, 0], [1e-5])).not.toThrow();
    expect(run('layer_norm', [nothing, nothing, nothing], [5, 0], [1e-5])).not.toThrow();
    const backward = () =>
      addon().runSync(
        'layer_norm_backward',
        [nothing, nothing, nothing],
        [nothing, nothing, nothing].map((array) => array.slice()),
        [5, 0],
        [1e-5],
      );
    expect(backward).not.toThrow();
  });

  it('attention gives the logarithm of the number of rows that each row sees', () => {
    const logSumExp = new Float32Array(6);
    const segments = Int32Array.of(0, 2, 0, 0, 2, 3, 0, 2);
    addon().runSync('attention', [nothing, nothing, nothing, segments], [nothing, logSumExp], [3, 2, 1, 0, 2], [1]);
    const expected = [1, 2, 3, 1, 2, 3].map((seen) => Math.log(seen));
    for (const [i, value] of expected.entries()) expect(logSumExp[i]).toBeCloseTo(value, 6);
  });

  it('attention_decode checks its spans', () => {
    const decode = (...spans: number[]) =>
      run('attention_decode', [nothing, nothing, nothing, Int32Array.of(...spans)], [2, 1, 1, 0, 3], [1]);
    expect(decode(0, 1, 1, 3, 0, 0, 2, 3)).not.toThrow();
    expect(decode(0, 1, 1, 3, 0, 0, 2, 4)).toThrowError(refusal);
  });
});
