import { existsSync } from 'node:fs';
import { expect, it } from 'vitest';
import { type Budget, KNOBS, METHODS, QUICK_BUDGET, tuneMethods } from '../../../src/experiments/synthetic/index.js';
import { TRIED } from '../../../src/experiments/synthetic/methods.js';
import { useTemporaryFolder } from '../../helpers/temporary-folder.js';

const folder = useTemporaryFolder();
const budget: Budget = { ...QUICK_BUDGET, baseSteps: 6, steps: 4, samples: 6, temperatures: [0.5, 1] };

it('gives every family as many settings, each a folder of its own, one of them chosen', () => {
  const families = [...new Set(TRIED.map(({ family }) => family))];
  for (const family of families) expect(TRIED.filter((method) => method.family === family)).toHaveLength(4);
  const all = [...METHODS, ...KNOBS];
  expect(new Set(all.map(({ name }) => name)).size).toBe(all.length);
  for (const { name } of all) expect(name).toMatch(/^[\w.-]+$/);
  for (const family of families) {
    const [chosen] = METHODS.filter(({ name }) => name === family);
    const others = KNOBS.filter((method) => method.family === family);
    expect(others).toHaveLength(3);
    expect(others.map(({ settings }) => settings)).not.toContainEqual(chosen!.settings);
  }
});

it('ranks the settings of a family by answers to validation queries of a seed of its own', {
  timeout: 60_000,
}, async () => {
  const output = folder.path('tuning');
  const calls: string[] = [];
  const tune = () =>
    tuneMethods({
      output,
      worlds: ['unanimous', 'short'],
      families: ['sft'],
      budget,
      onProgress: ({ world, method, total }) => calls.push(`${world} ${method} of ${total}`),
    });
  const table = await tune();
  expect(calls[0]).toBe('unanimous sft-rate-0.0003 of 8');
  expect(calls).toHaveLength(8);
  const [{ settings } = { settings: [] }, ...none] = table.families;
  expect(none).toEqual([]);
  expect(settings).toHaveLength(4);
  for (const [i, { score, utility, weightedCoverage6, temperature }] of settings.entries()) {
    expect(score).toBeCloseTo(utility + weightedCoverage6, 12);
    expect(score).toBeLessThanOrEqual(settings[Math.max(0, i - 1)]!.score);
    expect(budget.temperatures).toContain(temperature);
  }
  const [{ name }] = settings as [(typeof settings)[number]];
  expect(existsSync(`${output}/short-tuning/${name}/validation.json`)).toBe(true);
  expect(await tune()).toEqual(table);
});
