/** @file Real results of every kind that a report shows, from worlds small enough for a test. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LoggedDataset } from '../../src/data/dataset.js';
import { LexicalEncoder } from '../../src/encoders/index.js';
import { compare } from '../../src/estimators/compare/compare.js';
import { evaluate } from '../../src/estimators/evaluate.js';
import { sensitivity } from '../../src/estimators/sensitivity.js';
import { studyEstimators } from '../../src/experiments/estimator-study.js';
import { studyTable } from '../../src/experiments/study/table.js';
import { QUICK_BUDGET, syntheticExperiment } from '../../src/experiments/synthetic/index.js';
import { tabularWorld } from '../../src/experiments/worlds/tabular.js';
import { measure } from '../../src/metrics/measure/measure.js';

/** In a prompt, in answers and in names: what must stay text. */
export const HOSTILE = '</script><script>document.title="taken"</script><img src=x onerror=alert(1)>';

const cell = (value: number, difference: number | null) => ({
  ...{ value, low: value - 0.1, high: value + 0.1, seeds: [value], verdict: null },
  difference: difference === null ? null : { value: difference, low: difference - 0.1, high: difference + 0.1 },
});
const paperRow = (method: string, coverage: number, winRate: number) => ({
  ...{ backbone: 'gpt2', trainedOn: null, data: 'teas', method, variant: null },
  cells: { pluralisticCoverage: cell(coverage, coverage - 0.5), winRate: cell(winRate, null) },
});
const point = { backbone: 'gpt2', data: 'teas', method: 'sft', lambda: null, isOnFront: true, queries: [] };

/** A table of an experiment of the paper, as `pope experiment` writes them. */
const PAPER = {
  ...{ experiment: 'rq2', title: 'In-domain', baseline: 'sft', alpha: 0.05, seeds: [0], embedder: 'lexical' },
  columns: [
    { key: 'pluralisticCoverage', label: 'Coverage', scale: 1, decimals: 4, better: 'higher' },
    { key: 'winRate', label: 'Win rate', scale: 100, decimals: 2, better: 'higher' },
  ],
  rows: [paperRow('sft', 0.5, 0.5), paperRow('pope', 0.6, 0.7)],
  pareto: [
    { ...point, temperature: 0.7, diversity: 0.4, plScore: 0.3 },
    { ...point, temperature: 1, diversity: 0.5, plScore: 0.2 },
  ],
  ...{ notes: [], warnings: [], environment: {} },
};

/** Writes the runs into a folder and returns them as arguments of `pope report`, and the log of their generations. */
export async function smallRuns(folder: string): Promise<{ runs: string[]; log: string }> {
  await mkdir(folder, { recursive: true });
  const path = (name: string) => join(folder, name);
  const write = async (name: string, value: unknown) => {
    await writeFile(path(name), JSON.stringify(value));
    return path(name);
  };
  const world = tabularWorld({ seed: 1 });
  const slates = world.sample(80);
  const shared = { logging: 'log', reward: 'identity', resamples: 50 } as const;
  const [old, fresh] = [world.policy('logging'), world.policy('target')];
  const experiment = path('experiment');
  const table = await syntheticExperiment({
    output: experiment,
    worlds: ['unanimous'],
    methods: ['sft', 'pope'],
    seeds: [0],
    budget: { ...QUICK_BUDGET, baseSteps: 6, steps: 4, samples: 6, temperatures: [0.7, 1] },
  });
  await write('experiment/table.json', table);

  const questions = Array.from({ length: 6 }, (_, i) => ({
    id: `q${i}`,
    prompt: i === 0 ? HOSTILE : `Which tea is best on day ${i}?`,
    responses: [
      { id: 'a', text: 'A light oolong.', signal: 12, group: 'north' },
      { id: 'b', text: `Rooibos. ${HOSTILE}`, signal: 3, group: 'south' },
    ],
  }));
  await writeFile(path('log.jsonl'), questions.map((question) => `${JSON.stringify(question)}\n`).join(''));
  const policies = ['sft', HOSTILE].map((policy, p) => ({
    policy,
    texts: new Map(questions.map(({ id }, i) => [id, [`Tea ${i + p}.`, i === 0 ? HOSTILE : 'A light oolong.']])),
  }));
  const generations: string[] = [];
  const metrics: string[] = [];
  const judge = {
    ...{ model: 'fake', against: 'sft', wins: 3, ties: 2, losses: 1, unreadable: 0, orderAgreement: 0.5 },
    winRate: { value: 0.67, low: 0.4, high: 0.9, queries: 6, undefinedQueries: 0 },
    ...{ tokens: { prompt: 1, completion: 1 }, asked: 12, reused: 0 },
  };
  for (const [p, { policy, texts }] of policies.entries()) {
    const lines = [...texts].flatMap(([query, own]) => own.map((text, index) => ({ query, index, text, policy })));
    await writeFile(path(`generations-${p}.jsonl`), lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
    generations.push(path(`generations-${p}.jsonl`));
    const encoder = new LexicalEncoder();
    const measured = await measure(
      await LoggedDataset.open(path('log.jsonl')),
      { policy, texts },
      { encoder, resamples: 20 },
    );
    metrics.push(await write(`metrics-${p}.json`, { ...measured, judge: p === 0 ? null : judge }));
  }
  const runs = [
    `new=${await write('new.json', await evaluate(slates, { target: fresh, by: 'group', ...shared }))}`,
    `old=${await write('old.json', await evaluate(slates, { target: old, ...shared }))}`,
    await write(
      'comparison.json',
      await compare(slates, {
        targets: new Map([
          ['new', fresh],
          ['old', old],
        ]),
        ...shared,
      }),
    ),
    await write('sensitivity.json', { rows: await sensitivity(slates, { target: fresh, ...shared }), warnings: [] }),
    await write('study.json', await studyEstimators('tabular', { seeds: 2, queries: 30, resamples: 20 })),
    await write('paper.json', studyTable.parse(PAPER)),
    experiment,
    `sft=${join(experiment, 'unanimous-0', 'sft', 'run')}`,
    `pope=${join(experiment, 'unanimous-0', 'pope', 'run')}`,
    ...metrics,
    ...generations,
  ];
  return { runs, log: path('log.jsonl') };
}
