import { mkdtempSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it, vi } from 'vitest';
import { QUICK_BUDGET } from '../../src/experiments/synthetic/index.js';
import { trainingDemo } from '../../src/experiments/training-demo.js';

const budget = { ...QUICK_BUDGET, baseSteps: 8, steps: 4 };

afterEach(() => vi.unstubAllEnvs());

it('trains every model from the same log, the same every time, and leaves nothing behind', async () => {
  const temporary = mkdtempSync(join(tmpdir(), 'pope-test-'));
  vi.stubEnv('TMPDIR', temporary);
  const seen = new Set<string>();
  const first = await trainingDemo({ budget, onProgress: ({ policy }) => seen.add(policy) });
  expect(first.models.map(({ policy }) => policy)).toEqual(['Base', 'SFT', 'DPO', 'POPE', 'opinion-weighted']);
  expect([...seen]).toEqual(first.models.map(({ policy }) => policy));
  for (const { policy, result } of first.models.slice(1)) {
    expect(result.steps).toBe(budget.steps);
    expect(result.value.truth.value, policy).not.toBe(first.models[0]!.result.value.truth.value);
  }
  expect(first.ideal.invalidShare).toBeCloseTo(0, 12);
  expect(await trainingDemo({ budget })).toEqual(first);
  await expect(trainingDemo({ budget, signal: AbortSignal.abort(new Error('stopped')) })).rejects.toThrow('stopped');
  expect(readdirSync(temporary)).toEqual([]);
});
