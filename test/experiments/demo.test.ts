import { expect, it } from 'vitest';
import { demo } from '../../src/experiments/demo.js';

it('the demo is deterministic, leads with the value and covers its truth', async () => {
  const first = await demo();
  const second = await demo();
  expect(second).toEqual(first);
  expect(first.rows.map(({ estimator, normalise }) => `${estimator}/${normalise}`)).toEqual([
    'slate/none',
    'decomposed/none',
    'bound/none',
    'slate/tokens',
    'decomposed/tokens',
    'bound/tokens',
  ]);
  expect(first.evaluation.headline).toMatchObject({ estimator: 'decomposed', normalise: 'none', kind: 'value' });
  for (const { expected, estimate } of first.rows) {
    expect(Math.abs(estimate.value! - expected)).toBeLessThan(5 * estimate.standardError!);
  }
  const [slate, decomposed] = first.rows;
  expect(slate!.expected).toBeCloseTo(slate!.trueValue, 10);
  expect(decomposed!.expected).toBeCloseTo(decomposed!.trueValue, 10);
});
