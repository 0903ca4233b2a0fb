/** Whole runs of every method on a tiny model. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type AlignOptions, align } from '../../src/align/align.js';
import { LoggedDataset } from '../../src/data/dataset.js';
import { loadModel } from '../../src/models/index.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';
import { tinyModel } from '../helpers/tiny-model.js';
import { shortRun, trainingLog } from './runs.js';

const folder = temporaryFolder();
let runs = 0;

async function run(changes: Partial<AlignOptions> = {}, slates = trainingLog()) {
  const output = join(folder, `run-${runs++}`);
  using model = await loadModel(await tinyModel());
  const result = await align(model, LoggedDataset.fromSlates(slates), shortRun(output, changes));
  const metrics = readFileSync(join(output, 'metrics.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  return { output, result, metrics };
}

describe('align', () => {
  it.each([
    ['pope'],
    ['pope', { objective: 'slate', form: 'expected', lambdaDiv: 1 }],
    ['pope', { objective: 'bound', lambdaDiv: 0.5, reward: 'plackett-luce' }],
    ['pope', { form: 'gated', lambdaDiv: 0.5, tokenEntropy: true }],
    ['pope', { lambdaDiv: 'auto', form: 'gated', proximity: 0.1, baseline: 'half-mean' }],
    ['opinion'],
    ['opinion', { opinion: 'pooled', responses: 'all' }],
    ['opinion', { opinion: 'cover' }],
    ['sft'],
    ['sft-all'],
    ['rwsft', { responses: 'all', power: 2 }],
    ['dpo'],
    ['pl', { beta: 0.5 }],
  ] as [AlignOptions['method'], Partial<AlignOptions>?][])('%s %j raises what it ascends', async (method, changes) => {
    const { result } = await run({ method, steps: 24, ...changes });
    expect(result.final.training.value).toBeGreaterThan(result.initial.training.value);
    expect(result).toMatchObject({ method, ended: 'finished', steps: 24 });
  });
});
