/** The experiments besides rq1 to rq3, in a small world; they share their stages, as a user's may. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { splitOf } from '../../../src/data/split.js';
import { ablation } from '../../../src/experiments/study/ablation.js';
import { namesOfChanges } from '../../../src/experiments/study/changed-logging.js';
import { diversityStress } from '../../../src/experiments/study/diversity-stress.js';
import { independentProtocol } from '../../../src/experiments/study/independent-protocol.js';
import { propensityStress } from '../../../src/experiments/study/propensity-stress.js';
import { rq4 } from '../../../src/experiments/study/rq4.js';
import { rq5 } from '../../../src/experiments/study/rq5.js';
import { type Experiment, runExperiment } from '../../../src/experiments/study/run.js';
import type { StudyTable } from '../../../src/experiments/study/table.js';
import { worldCapabilityItems } from '../../../src/experiments/worlds/text/capability-items.js';
import { textWorld } from '../../../src/experiments/worlds/text/text-world.js';
import { capability, capabilityScores } from '../../../src/metrics/capability/index.js';
import { loadModel } from '../../../src/models/index.js';
import { completion, fakeServer } from '../../helpers/fake-server.js';
import { temporaryFolder } from '../../helpers/temporary-folder.js';
import { TINY } from './tiny.js';

const root = temporaryFolder();
const stages = join(root, 'stages');
const POPE = { name: 'POPE', training: { method: 'pope', lr: 1e-3 } };
const methods = [...TINY.methods, POPE];
const fit = { model: 'base', folds: 2, training: { steps: 4, batch: 8, validateEvery: 0, checkpointEvery: 0 } };

async function run(experiment: Experiment, own: object = {}): Promise<StudyTable> {
  const config = join(root, `${experiment.name}.json`);
  await writeFile(config, JSON.stringify({ ...TINY, stages, methods, ...own }));
  return runExperiment(experiment, { output: join(root, experiment.name), config });
}

const labels = ({ rows }: StudyTable) => rows.map(({ method, variant }) => [method, variant]);
const rowOf = ({ rows }: StudyTable, method: string, variant: string | null = null) =>
  rows.find((row) => row.method === method && row.variant === variant)!;
/** The only folder of a stage whose name begins so. */
function stage(kind: string, name: string): string {
  const found = readdirSync(join(stages, kind)).filter((folder) => folder.startsWith(name));
  expect(found, `${kind} ${name}`).toHaveLength(1);
  return join(stages, kind, found[0]!);
}
const lines = (path: string) =>
  readFileSync(path, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));

it('rq4 has the coverage of references and of opinions', async () => {
  const table = await run(rq4, {
    trainOn: 'people',
    data: [...TINY.data, { ...TINY.data[0]!, name: 'more', seed: 1 }],
  });
  expect(table.rows.map(({ method, data, trainedOn }) => `${method} ${trainedOn} ${data}`)).toEqual([
    ...['Base null people', 'SFT people people', 'POPE people people'],
    ...['Base null more', 'SFT people more', 'POPE people more'],
  ]);
  expect(table.columns.map(({ key }) => key)).toEqual(['pluralisticCoverage', 'opinionCoverage']);
  for (const { method, cells } of table.rows) {
    const { value, low, high, difference } = cells.opinionCoverage!;
    expect([low, value, high]).toEqual([low, value, high].toSorted((x, y) => x! - y!));
    expect(difference === null).toBe(method === 'SFT');
  }
});

it('rq5 has fluency and capability, and what training changed of them', async () => {
  const table = await run(rq5, {
    baseline: 'Base',
    metrics: { embedder: 'world', fluency: 'world' },
    capability: 'world',
  });
  const { accuracy, heldOutPerplexity, perplexity, selfBleu } = rowOf(table, 'SFT').cells;
  const items = worldCapabilityItems(textWorld('pluralistic', 0));
  const scores = [];
  for (const folder of [
    join(stage('train', 'base-people-SFT'), 'run', 'model'),
    join(stage('backbone', 'base'), 'run', 'model'),
  ]) {
    using model = await loadModel(folder, { device: 'cpu' });
    scores.push(await capabilityScores(model, items));
  }
  const [wanted, , wantedPerplexity] = capability(scores[0]!, scores[1]!, { resamples: TINY.resamples }).measures;
  expect(accuracy).toMatchObject({ value: wanted!.after.value, difference: wanted!.change });
  expect(heldOutPerplexity).toMatchObject({
    value: wantedPerplexity!.after.value,
    difference: wantedPerplexity!.change,
  });
  expect(rowOf(table, 'Base').cells.accuracy!.difference).toBeNull();
  expect(perplexity!.value).toBeGreaterThan(1);
  expect(selfBleu!.value).toBeGreaterThan(0);
});

it('ablation compares halves of the reward with both', async () => {
  const gated = { ...POPE.training, form: 'gated' };
  const table = await run(ablation, {
    methods: [
      { name: 'utility', training: { ...gated, lambdaDiv: 0 } },
      { name: 'both', training: { ...gated, lambdaDiv: 1 } },
    ],
    baseline: 'both',
  });
  const { cells } = rowOf(table, 'utility');
  expect(cells.diversity!.difference!.value).toBeCloseTo(
    cells.diversity!.value! - rowOf(table, 'both').cells.diversity!.value!,
    12,
  );
  expect(cells.value!.verdict).not.toBeNull();
});

it('diversity-stress trains each method of POPE with each lambda', async () => {
  const table = await run(diversityStress, { lambdas: [0, 3], baseline: 'POPE' });
  expect(table.baseline).toBe('POPE, lambda_div 0');
  expect(labels(table)).toEqual([
    ['Base', null],
    ['SFT', null],
    ['POPE', 'lambda_div 0'],
    ['POPE', 'lambda_div 3'],
  ]);
  const { settings } = JSON.parse(readFileSync(join(stage('train', 'base-people-POPE-3-0'), 'stage.json'), 'utf8')).key;
  expect(settings).toMatchObject({ method: 'pope', lambdaDiv: 3 });
  expect(rowOf(table, 'POPE', 'lambda_div 0').cells.diversity!.difference).toBeNull();
  expect(rowOf(table, 'POPE', 'lambda_div 3').cells.diversity!.difference).not.toBeNull();
});

it('propensity-stress tells training and valuation something else of pi0', async () => {
  const changes = [{ factor: 0.8 }, { noise: 2 }, { fit }, { inSample: fit }];
  const names = ['times-0.8', 'noise-2', 'another-fit', 'in-sample'];
  const table = await run(propensityStress, { changes, methods: methods.slice(1), baseline: 'POPE' });
  expect(labels(table)).toEqual([
    ['SFT', null],
    ...['as known', ...names].map((variant) => ['POPE', variant]),
    ...names.map((variant) => ['SFT', variant]),
  ]);
  const known = lines(join(stage('data', 'people'), 'log.jsonl')).flatMap(({ responses }) => responses);
  const l0 = known.map(({ logging }) => logging.logprob);
  const told = (name: string) => lines(join(stage('logging', name), 'scores.jsonl')).map(({ logprob }) => logprob);
  expect(told('people-times-0.8')).toEqual(l0.map((logprob) => 0.8 * logprob));
  const noise = told('people-noise-2').map((logprob, i) => (logprob === 0 ? 0 : logprob - l0[i]));
  const deviation = Math.sqrt(noise.reduce((sum, x) => sum + x * x, 0) / noise.length);
  expect(deviation).toBeGreaterThan(1.8);
  expect(deviation).toBeLessThan(2.2);
  // A fit knows the responses better that it has seen.
  const sum = (values: number[]) => values.reduce((total, x) => total + x, 0);
  const fitted = readdirSync(join(stages, 'logging')).find((name) =>
    existsSync(join(stages, 'logging', name, 'fit.json')),
  );
  expect(sum(told('people-in-sample'))).toBeGreaterThan(sum(told(fitted!)));
  // The same model, another V.
  expect(rowOf(table, 'SFT', 'times-0.8').cells.believed!.value).not.toBeCloseTo(
    rowOf(table, 'SFT').cells.value!.value!,
    3,
  );
  expect(rowOf(table, 'SFT').cells.believed!.value).toBe(rowOf(table, 'SFT').cells.value!.value);
});

it('independent-protocol measures the same models twice', async () => {
  const trained = readdirSync(join(stages, 'train')).length;
  const table = await run(independentProtocol, {
    independent: { metrics: { embedder: 'lexical', fluency: 'world' }, logging: fit },
  });
  // No model is trained for it but those of the other experiments.
  expect(readdirSync(join(stages, 'train'))).toHaveLength(trained);
  expect(labels(table)).toEqual(
    ['as trained', 'independent'].flatMap((variant) => methods.map(({ name }) => [name, variant])),
  );
  expect(new Set(table.rows.map(({ data }) => data))).toEqual(new Set(['people']));
  const [ours, theirs] = ['as trained', 'independent'].map((variant) => rowOf(table, 'SFT', variant).cells);
  expect(theirs!.plScore!.value).not.toBe(ours!.plScore!.value);
  expect(theirs!.value!.value).not.toBe(ours!.value!.value);
  expect(theirs!.perplexity!.value).toBeGreaterThan(1);
  expect(table.notes[0]).toMatch(/Kendall's tau-b.*: .*V -?[01]\.\d\d/);
});

it('asks a judge about every method and the baseline, once', async () => {
  // Prefers the set that stands first, whatever it is: every comparison is a tie.
  const server = await fakeServer(() => completion('VERDICT: A', 'judge'));
  const judged = { judge: { url: server.url, model: 'judge' }, trainOn: 'people' };
  const table = await run(rq4, judged);
  expect(table.columns.at(-1)).toMatchObject({ key: 'winRate', label: 'Win rate' });
  expect(rowOf(table, 'POPE').cells.winRate).toMatchObject({ value: 0.5, seeds: [0.5] });
  expect(rowOf(table, 'SFT').cells.winRate).toBeUndefined();
  // Base and POPE against SFT, five queries in both orders.
  expect(server.requests).toHaveLength(2 * 5 * 2);
  expect(await run(rq4, judged)).toEqual(table);
  expect(server.requests).toHaveLength(2 * 5 * 2);
});

it('leaves out what exceeds the context of pi0 or of a model', async () => {
  const fitting = textWorld('pluralistic').log(undefined, { slates: 60, slateSize: 6 });
  const [train, test] = (['train', 'test'] as const).map((split) => {
    const id = Array.from({ length: 99 }, (_, i) => `long-${i}`).find((name) => splitOf(name) === split)!;
    return { ...fitting[0], id, prompt: 'Should we '.repeat(400) };
  });
  const log = join(root, 'long.jsonl');
  await writeFile(log, [...fitting, train, test].map((slate) => `${JSON.stringify(slate)}\n`).join(''));
  const encoding = { onOverflow: 'skip' };
  const table = await run(propensityStress, {
    data: [{ name: 'long', log }],
    backbones: [{ ...TINY.backbones[0], encoding }],
    logging: { ...fit, encoding },
    changes: [{ factor: 0.9 }],
    methods: methods.slice(1),
    testQueries: 99,
  });
  const asked = fitting.filter(({ id }) => splitOf(id) === 'test').length + 1;
  expect(lines(join(stage('data', 'long'), 'test.jsonl'))).toHaveLength(asked);
  const [evaluation] = readdirSync(join(stages, 'values')).filter((name) => name.includes('long-POPE'));
  const { queries } = JSON.parse(readFileSync(join(stages, 'values', evaluation!, 'evaluation.json'), 'utf8'));
  expect(queries).toBe(asked - 1);
  expect(rowOf(table, 'POPE', 'times-0.9').cells.believed!.value).not.toBeNull();
});

it('is about POPE', async () => {
  await expect(run(diversityStress, { methods: TINY.methods })).rejects.toMatchObject({ code: 'STUDY_CONFIG' });
});

it('names every change once, so that no model takes the place of another', () => {
  const fit = { fit: { model: 'a' } };
  expect(namesOfChanges([{ noise: 1 }, fit, { fit: { model: 'b' } }, { noise: 1 }])).toEqual([
    ...['noise-1', 'another-fit', 'another-fit-2', 'noise-1-2'],
  ]);
});
