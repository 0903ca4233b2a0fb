import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { align } from '../../src/align/index.js';
import type { Slate } from '../../src/data/slate.js';
import { exportWeights, type ResponseWeight } from '../../src/export/index.js';
import { loadModel, SlateEncoder } from '../../src/models/index.js';
import { LocalPolicy } from '../../src/policy/local-policy.js';
import { trainingLog } from '../align/runs.js';
import { useTemporaryFolder } from '../helpers/temporary-folder.js';
import { tinyModel } from '../helpers/tiny-model.js';

const folder = useTemporaryFolder();
const slates: Slate[] = trainingLog(6);

test.each([
  { method: 'pope', form: 'gated', lambdaDiv: 0.5 },
  { method: 'sft-all', responses: 'all' },
  { method: 'dpo' },
] as const)('a trainer elsewhere has the gradient of the first step of pope align: %j', async (settings) => {
  const source = await tinyModel();
  using trained = await loadModel(source);
  await align(trained, slates, {
    ...{ ...settings, logging: 'log', steps: 1, batch: slates.length, maxNorm: 0, splitRatio: [1, 0, 0] },
    output: folder.path('run'),
  });
  const [step] = readFileSync(folder.path('run/metrics.jsonl'), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { step: number; gradientNorm?: number })
    .filter(({ gradientNorm }) => gradientNorm !== undefined);

  using model = await loadModel(source);
  const policy = new LocalPolicy(model);
  const output = folder.path('weights.jsonl');
  await exportWeights(slates, { ...settings, target: policy, reference: policy, logging: 'log', output });
  const lines = readFileSync(output, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as ResponseWeight);
  const coefficient = new Map(lines.map((line) => [`${line.query} ${line.response}`, line.coefficient]));
  const encoder = new SlateEncoder(model.tokenizer!, model.context, {});
  const encoded = slates.map((slate) => encoder.encode(slate));
  // Coefficients are of sums over tokens, as a trainer elsewhere takes them.
  await model.accumulateGradient(
    encoded.map(({ promptIds, responses }) => ({ prompt: promptIds, responses: responses.map(({ ids }) => ids) })),
    slates.map(({ id, responses }) => responses.map((response) => coefficient.get(`${id} ${response.id}`)!)),
    { reduction: 'sum' },
  );
  let square = 0;
  for (const name of model.parameterNames()) {
    for (const value of await model.gradient(name)) square += value ** 2;
  }
  expect(step!.gradientNorm).toBeGreaterThan(0);
  expect(Math.sqrt(square) / step!.gradientNorm!).toBeCloseTo(1, 4);
});
