import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { LoggedDataset } from '../../../src/data/dataset.js';
import type { StageEvent } from '../../../src/experiments/study/index.js';
import { rq2 } from '../../../src/experiments/study/rq2.js';
import { rq3 } from '../../../src/experiments/study/rq3.js';
import { type Experiment, type RunExperimentOptions, runExperiment } from '../../../src/experiments/study/run.js';
import { WorldEncoder } from '../../../src/experiments/worlds/text/encoder.js';
import { measure } from '../../../src/metrics/measure/measure.js';
import { readGenerations } from '../../../src/policy/generations.js';
import { completion, fakeServer } from '../../helpers/fake-server.js';
import { useTemporaryFolder } from '../../helpers/temporary-folder.js';
import { TINY } from './tiny.js';

const folder = useTemporaryFolder();

async function run(experiment: Experiment, config: object, options: Partial<RunExperimentOptions> = {}) {
  const file = folder.path('config.json');
  await writeFile(file, JSON.stringify(config));
  return runExperiment(experiment, { output: folder.path('out'), config: file, ...options });
}

const stages = (kind: string) => readdirSync(folder.path(join('out', 'stages', kind)));
const rowOf = (table: Awaited<ReturnType<typeof run>>, method: string) =>
  table.rows.find((row) => row.method === method)!;

describe('rq2 in a small world', () => {
  it('fills the table from the same files and functions as the commands', async () => {
    const table = await run(rq2, TINY);
    expect(table.rows.map(({ method, trainedOn }) => [method, trainedOn])).toEqual([
      ['Base', null],
      ['SFT', 'people'],
    ]);
    const [answers] = stages('answers').filter((name) => name.includes('SFT'));
    const [data] = stages('data');
    const path = (...parts: string[]) => folder.path(join('out', 'stages', ...parts));
    const measured = await measure(
      await LoggedDataset.open(path('data', data!, 'references.jsonl')),
      await readGenerations([path('answers', answers!, 'generations.jsonl')]),
      { encoder: new WorldEncoder(), resamples: 50 },
    );
    for (const key of ['helpfulness', 'relevance', 'distinct1', 'distinct2'] as const) {
      const { value, low, high } = measured.metrics.find(({ metric }) => metric === key)!;
      expect(rowOf(table, 'SFT').cells[key]).toMatchObject({ value, low, high, seeds: [value] });
      const base = rowOf(table, 'Base').cells[key]!;
      expect(base.difference).not.toBeNull();
      expect(base.difference!.value).toBeCloseTo(base.value! - value!, 12);
      expect(rowOf(table, 'SFT').cells[key]!.difference).toBeNull();
    }
    const [values] = stages('values').filter((name) => name.includes('SFT'));
    const { estimates } = JSON.parse(readFileSync(path('values', values!, 'evaluation.json'), 'utf8'));
    const V = estimates.find((row: { estimator: string; normalise: string }) => {
      return row.estimator === 'decomposed' && row.normalise === 'none';
    });
    const { value, difference } = rowOf(table, 'SFT').cells.value!;
    expect(value).toBe(V.value);
    expect(difference).toBeNull();
    const base = rowOf(table, 'Base').cells.value!;
    expect(base.difference!.value).toBeCloseTo(base.value! - value!, 9);
  });

  it('goes on where it was stopped, ends with the same table and does nothing twice', async () => {
    const whole = await run(rq2, TINY);
    rmSync(folder.path('out'), { recursive: true });
    const events: StageEvent[] = [];
    for (const stopAt of ['train', 'answers', 'scores', 'values']) {
      const stop = new AbortController();
      const stopped = run(rq2, TINY, {
        signal: stop.signal,
        onStage: (event) => {
          events.push(event);
          if (event.kind === stopAt && event.state === 'begun') stop.abort(new Error(`stopped at ${stopAt}`));
        },
      });
      await expect(stopped).rejects.toThrow(`stopped at ${stopAt}`);
    }
    expect(await run(rq2, TINY, { onStage: (event) => events.push(event) })).toEqual(whole);
    const done = events.filter(({ state }) => state === 'done').map(({ kind, name }) => `${kind} ${name}`);
    expect(new Set(done).size).toBe(done.length);

    const again: StageEvent[] = [];
    expect(await run(rq2, TINY, { onStage: (event) => again.push(event) })).toEqual(whole);
    expect(again.every(({ state }) => state === 'kept')).toBe(true);
  });

  it('keeps what a changed setting does not touch, and averages over seeds', async () => {
    await run(rq2, TINY);
    const [trained] = stages('train');
    const table = await run(rq2, { ...TINY, seeds: [0, 4], generation: { n: 2, maxTokens: 12 } });
    expect(stages('train')).toHaveLength(2);
    expect(stages('train')).toContain(trained);
    expect(stages('answers')).toHaveLength(2 + 4);
    const { value, seeds } = rowOf(table, 'SFT').cells.helpfulness!;
    expect(seeds).toHaveLength(2);
    expect(value).toBeCloseTo((seeds[0]! + seeds[1]!) / 2, 12);
  });
});

it('rq3 trains on one data set and judges on the others', async () => {
  const others = { name: 'others', world: 'pluralistic', seed: 1, slatesPerQuery: 1 };
  const config = { ...TINY, data: [...TINY.data, others], trainOn: 'people' };
  const { rows } = await run(rq3, config);
  expect(rows.map(({ method, trainedOn, data }) => [method, trainedOn, data])).toEqual([
    ['Base', null, 'others'],
    ['SFT', 'people', 'others'],
  ]);
  await expect(run(rq3, { ...config, data: TINY.data })).rejects.toThrow(/another data set than that of trainOn/);
  await expect(run(rq3, { ...config, trainOn: 'nobody' })).rejects.toThrow(/expected one of people, others/);
});

it('fits a logging policy where the log has none', async () => {
  await run(rq2, TINY);
  const [backbone] = stages('backbone');
  const model = folder.path(join('out', 'stages', 'backbone', backbone!, 'run', 'model'));
  const logging = { model, folds: 2, training: { steps: 4, batch: 8, lr: 1e-3 } };
  const table = await run(rq2, { ...TINY, logging });
  expect(stages('logging')).toHaveLength(1);
  expect(rowOf(table, 'SFT').cells.value!.value).not.toBeNull();
});

it('asks a judge who is better than the baseline, and asks nothing twice', async () => {
  // A judge that prefers the set that is shown first is of no use: every comparison is a tie.
  const { url, requests } = await fakeServer(() => completion('Both will do. VERDICT: A'));
  const config = { ...TINY, judge: { url, model: 'fake', responses: 2 } };
  const table = await run(rq2, config);
  expect(rowOf(table, 'Base').cells.winRate).toMatchObject({ value: 0.5, difference: null });
  expect(rowOf(table, 'SFT').cells.winRate).toBeUndefined();
  expect(requests).toHaveLength(2 * TINY.testQueries);
  await run(rq2, config);
  expect(requests).toHaveLength(2 * TINY.testQueries);
});
