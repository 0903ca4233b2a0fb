import { existsSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { type Budget, QUICK_BUDGET, syntheticExperiment } from '../../../src/experiments/synthetic/index.js';
import { useTemporaryFolder } from '../../helpers/temporary-folder.js';

const folder = useTemporaryFolder();
const budget: Budget = { ...QUICK_BUDGET, baseSteps: 6, steps: 4, samples: 6 };
const setup = { worlds: ['unanimous'], methods: ['sft', 'dpo', 'opinion-wrong'], seeds: [3], budget };

it('goes on where it was stopped, and ends as if it had not been', async () => {
  const whole = await syntheticExperiment({ ...setup, output: folder.path('whole') });
  const [world] = whole.worlds;
  expect(world!.rows.map(({ method }) => method)).toEqual(['base', 'sft', 'dpo', 'opinion-wrong']);
  expect(world!.references.map(({ policy }) => policy)).toEqual(['logging', 'human', 'mode']);
  for (const { metrics } of world!.rows) {
    expect(metrics.invalidShare!.mean).toBeGreaterThanOrEqual(0);
    expect(metrics.coverage50).toBeNull();
  }

  // Stopped in the middle of the base model, and again in the middle of the second method.
  const output = folder.path('stopped');
  for (const place of [0.5, 2.5]) {
    const stop = new AbortController();
    const stopped = syntheticExperiment({
      ...setup,
      output,
      signal: stop.signal,
      onProgress: ({ done }) => done >= place && stop.abort(new Error('stopped')),
    });
    await expect(stopped).rejects.toThrow('stopped');
  }
  const base = `${output}/unanimous-3/base/result.json`;
  const before = statSync(base).mtimeMs;
  expect(existsSync(`${output}/unanimous-3/dpo/result.json`)).toBe(false);
  expect(existsSync(`${output}/unanimous-3/dpo/run/config.json`)).toBe(true);

  const resumed = await syntheticExperiment({ ...setup, output });
  expect(resumed).toEqual(whole);
  expect(statSync(base).mtimeMs).toBe(before);
  for (const method of setup.methods) {
    const weights = (run: string) => readFile(`${folder.path(run)}/unanimous-3/${method}/run/model/model.safetensors`);
    expect(await weights('stopped')).toEqual(await weights('whole'));
  }
});

it('refuses another budget or device in the same folder, and what does not exist', async () => {
  const output = folder.path('any');
  const changed = { ...setup, output, seeds: [0] };
  await expect(syntheticExperiment({ ...changed, worlds: ['flat'] })).rejects.toMatchObject({ code: 'WORLD_UNKNOWN' });
  await expect(syntheticExperiment({ ...changed, methods: ['ppo'] })).rejects.toMatchObject({ code: 'OPTION' });
  for (const wrong of [{ steps: 0 }, { samples: 5 }, { temperatures: [0.5] }]) {
    const options = { ...changed, budget: { ...budget, ...wrong } };
    await expect(syntheticExperiment(options)).rejects.toMatchObject({ code: 'OPTION' });
  }
  const stopped = syntheticExperiment({ ...changed, signal: AbortSignal.abort(new Error('stopped')) });
  await expect(stopped).rejects.toThrow('stopped');
  for (const other of [{ budget: { ...budget, steps: 5 } }, { device: 'cuda' as const }]) {
    const begun = syntheticExperiment({ ...changed, ...other });
    await expect(begun).rejects.toMatchObject({ code: 'EXPERIMENT_CHANGED' });
  }
});
