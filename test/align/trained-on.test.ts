/** A model of a run knows the queries that it was trained on, however it is stored, and its scores say so. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { type AlignOptions, align } from '../../src/align/align.js';
import { LoggedDataset } from '../../src/data/dataset.js';
import { splitOf } from '../../src/data/split.js';
import { evaluate } from '../../src/estimators/evaluate.js';
import { loadModel } from '../../src/models/index.js';
import { LocalPolicy } from '../../src/policy/local-policy.js';
import { scoreToFile } from '../../src/policy/score-cache.js';
import { scoreFile } from '../../src/policy/score-file.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';
import { tinyModel } from '../helpers/tiny-model.js';
import { shortRun, trainingLog } from './runs.js';

const folder = temporaryFolder();
const slates = trainingLog(40);
const ratio = [0.5, 0.2, 0.3] as const;
let base: string;
beforeAll(async () => {
  base = await tinyModel();
});

async function train(from: string, name: string, changes: Partial<AlignOptions> = {}): Promise<string> {
  using model = await loadModel(from);
  const output = join(folder, name);
  const options = { steps: 2, splitRatio: ratio, validationQueries: 3, ...changes };
  await align(model, LoggedDataset.fromSlates(slates), shortRun(output, options));
  return output;
}

/** Splits of all queries as the model has them, in memory and in a score file. */
async function splits(model: Awaited<ReturnType<typeof loadModel>>) {
  const policy = new LocalPolicy(model);
  const path = join(folder, `${crypto.randomUUID()}.jsonl`);
  await scoreToFile(policy, LoggedDataset.fromSlates(slates), path);
  const filed = scoreFile(path);
  const both = await Promise.all(slates.map(async (slate) => [policy.splitOf?.(slate), await filed.splitOf?.(slate)]));
  for (const [inMemory, inFile] of both) expect(inFile).toBe(inMemory);
  return both.map(([split]) => split);
}

const wanted = (...of: Parameters<typeof splitOf>[]) => of.map((each) => splitOf(...each));

it('the model, its copy on disk, adapters and a resumed run say which queries trained them', async () => {
  using untrained = await loadModel(base);
  expect(await splits(untrained)).toEqual(slates.map(() => undefined));
  const bySplit = wanted(...slates.map(({ id }) => [id, ratio] as Parameters<typeof splitOf>));
  expect(new Set(bySplit).size).toBe(3);

  const run = await train(base, 'run');
  using saved = await loadModel(join(run, 'model'));
  expect(await splits(saved)).toEqual(bySplit);
  using checkpoint = await loadModel(join(run, 'checkpoints', 'step-2', 'model'));
  expect(await splits(checkpoint)).toEqual(bySplit);

  const adapted = await train(base, 'adapted', { lora: 2 });
  using merged = await loadModel(join(adapted, 'model'));
  expect(await splits(merged)).toEqual(bySplit);
  await untrained.loadAdapter(join(adapted, 'adapter'));
  expect(await splits(untrained)).toEqual(bySplit);
});

it('a model that was trained twice has the queries of both runs', async () => {
  const second = await train(join(await train(base, 'first'), 'model'), 'second', { splitSeed: 1 });
  using model = await loadModel(join(second, 'model'));
  const first = wanted(...slates.map(({ id }) => [id, ratio, 0] as Parameters<typeof splitOf>));
  const other = wanted(...slates.map(({ id }) => [id, ratio, 1] as Parameters<typeof splitOf>));
  expect(await splits(model)).toEqual(
    first.map((split, i) => ['train', 'validation', 'test'].find((name) => split === name || other[i] === name)),
  );
});

it('a model in memory is judged on what its run held out', async () => {
  using model = await loadModel(base);
  const output = join(folder, 'memory');
  await align(model, LoggedDataset.fromSlates(slates), shortRun(output, { steps: 1, splitRatio: ratio }));
  const options = { target: new LocalPolicy(model), logging: 'log', resamples: 50 } as const;
  const held = slates.filter(({ id }) => splitOf(id, ratio) === 'test');
  const result = await evaluate(slates, options);
  expect(result.queries).toBe(held.length);
  expect(result.estimates).toEqual((await evaluate(held, options)).estimates);
});

it('a score file goes on saying so when it is continued', async () => {
  using model = await loadModel(join(await train(base, 'continued'), 'model'));
  const path = join(folder, 'continued.jsonl');
  await scoreToFile(new LocalPolicy(model), LoggedDataset.fromSlates(slates.slice(0, 7)), path);
  await scoreToFile(new LocalPolicy(model), LoggedDataset.fromSlates(slates), path);
  const lines = readFileSync(path, 'utf8').trim().split('\n');
  const found = lines.map((line) => JSON.parse(line)).map(({ query, split }) => [query, split]);
  expect(found).toEqual(slates.flatMap(({ id, responses }) => responses.map(() => [id, splitOf(id, ratio)])));
});
