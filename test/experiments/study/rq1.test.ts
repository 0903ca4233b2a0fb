import { readdirSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { LoggedDataset } from '../../../src/data/dataset.js';
import type { Slate } from '../../../src/data/slate.js';
import { LexicalEncoder } from '../../../src/encoders/lexical.js';
import { rq1 } from '../../../src/experiments/study/rq1/index.js';
import { runExperiment } from '../../../src/experiments/study/run.js';
import { textWorld } from '../../../src/experiments/worlds/text/text-world.js';
import { cosineSimilarity } from '../../../src/metrics/similarity.js';
import { completion, fakeServer } from '../../helpers/fake-server.js';
import { useTemporaryFolder } from '../../helpers/temporary-folder.js';
import { TINY } from './tiny.js';

const folder = useTemporaryFolder();
const SMALL = {
  ...TINY,
  methods: [...TINY.methods, { name: 'POPE', training: { method: 'pope', lr: 1e-3 } }],
  // A model of eight steps writes no sentence that the world's own encoder could read.
  metrics: { embedder: 'lexical' },
  toy: { references: 3, candidates: 4, prompts: 24 },
};

async function run(config: object) {
  const file = folder.path('config.json');
  await writeFile(file, JSON.stringify(config));
  return runExperiment(rq1, { output: folder.path('out'), config: file });
}

function stage(kind: string, ...rest: string[]): string {
  const root = folder.path(join('out', 'stages', kind));
  const [name, ...others] = readdirSync(root);
  expect(others).toEqual([]);
  return join(root, name!, ...rest);
}

async function slatesOf(path: string): Promise<Slate[]> {
  const slates: Slate[] = [];
  for await (const slate of await LoggedDataset.open(path)) slates.push(slate);
  return slates;
}

describe('rq1 in a small world', () => {
  it('values candidates by the references, with the propensities of Base', async () => {
    const table = await run(SMALL);
    const log = await slatesOf(stage('candidates', 'log.jsonl'));
    const references = new Map(
      (await slatesOf(stage('references', 'references.jsonl'))).map((slate) => [slate.id, slate.responses]),
    );
    expect(log).toHaveLength(24);
    const encoder = new LexicalEncoder();
    encoder.fit([...references.values()].flatMap((own) => own.map(({ text }) => text)));
    for (const { id, responses } of log.slice(0, 10)) {
      const people = references.get(id)!;
      const total = people.reduce((sum, { signal }) => sum + signal!, 0);
      const near = cosineSimilarity(
        await encoder.embed(responses.map(({ text }) => text)),
        await encoder.embed(people.map(({ text }) => text)),
      );
      for (const [i, { signal }] of responses.entries()) {
        const expected = people.reduce(
          (sum, { signal: p }, j) => sum + (p! / total) * Math.max(0, near.values[i * people.length + j]!),
          0,
        );
        expect(signal).toBeCloseTo(expected, 6);
      }
    }
    const values = readdirSync(folder.path('out/stages/values')).find((name) => name.startsWith('base-Base'))!;
    const { estimates } = JSON.parse(
      readFileSync(folder.path(join('out/stages/values', values, 'evaluation.json')), 'utf8'),
    );
    // Base is the logging policy: every weight is 1.
    expect(estimates[0].diagnostics.meanWeight).toBeCloseTo(1, 5);
    expect(table.columns.map(({ key }) => key).slice(0, 3)).toEqual([
      'plScore',
      'pluralisticCoverage',
      'distributionalAlignment',
    ]);
    expect(table.rows.map(({ method }) => method)).toEqual(['Base', 'SFT', 'POPE']);

    // One answer of each of the largest groups of people.
    const world = textWorld('pluralistic', 0);
    for (const { id, responses } of await slatesOf(stage('references', 'references.jsonl'))) {
      const groups = world.query(id).groups.slice(0, 3);
      expect(responses.map(({ opinion }) => opinion)).toEqual(groups.map(({ opinion }) => opinion));
      for (const { text, opinion } of responses) expect(world.stanceOf(text)).toBe(opinion);
    }
  });

  it('draws the points of figure 1: POPE over lambdas, all over temperatures', async () => {
    const { pareto, rows } = await run({ ...SMALL, lambdas: [0, 0.5], temperatures: [0.5] });
    expect(pareto.map(({ method, lambda, temperature }) => [method, lambda, temperature])).toEqual([
      ['Base', null, 1],
      ['Base', null, 0.5],
      ['SFT', null, 1],
      ['SFT', null, 0.5],
      ['POPE', 0, 1],
      ['POPE', 0, 0.5],
      ['POPE', 0.5, 1],
      ['POPE', 0.5, 0.5],
    ]);
    const { cells } = rows.find(({ method }) => method === 'SFT')!;
    const point = pareto.find(({ method, temperature }) => method === 'SFT' && temperature === 1)!;
    expect(point.plScore).toBe(cells.plScore!.value);
    expect(point.diversity).toBe(cells.diversity!.value);
    const mean = point.queries.reduce((sum, { plScore }) => sum + plScore!, 0) / point.queries.length;
    expect(mean).toBeCloseTo(point.plScore!, 12);
    for (const { method, isOnFront, diversity, plScore } of pareto) {
      const better = pareto.some((other) => {
        const [more, higher] = [other.diversity! - diversity!, other.plScore! - plScore!];
        return other.method === method && more >= 0 && higher >= 0 && more + higher > 0;
      });
      expect(isOnFront).toBe(!better);
    }
  });
});

describe('references of a chat model', () => {
  const answer = (style: string, request: string) =>
    style.startsWith('vivid') ? '' : `${style.split(' ')[0]}: ${request}`;

  it('asks for each style once, goes on after a failure, and trains on none of them', async () => {
    let refusing = true;
    const { url, requests } = await fakeServer(({ body }, number) => {
      if (refusing && number === 7) return { status: 400, text: 'no' };
      const [, style, request] = /Style: (.*)\.\n\nRequest: (.*)/s.exec(body.messages[1].content)!;
      return completion(answer(style!, request!));
    });
    const chat = { url, model: 'fake', concurrency: 1 };
    const config = { ...SMALL, toy: { ...SMALL.toy, chat } };
    await expect(run(config)).rejects.toMatchObject({ code: 'ENDPOINT_REFUSED' });
    refusing = false;
    await run(config);
    expect(requests).toHaveLength(24 * 3 + 1);
    for (const { prompt, responses } of await slatesOf(stage('references', 'references.jsonl'))) {
      // The third style answers nothing, which is no reference.
      expect(responses.map(({ text, signal }) => [text, signal])).toEqual([
        [`plain: ${prompt}`, 1],
        [`warm: ${prompt}`, 1],
      ]);
    }
    const log = await slatesOf(stage('candidates', 'log.jsonl'));
    expect(log.flatMap(({ responses }) => responses).some(({ text }) => /^(plain|warm):/.test(text))).toBe(false);
    await run(config);
    expect(requests).toHaveLength(24 * 3 + 1);
  });

  it('needs a style for each reference, and queries', async () => {
    const chat = { url: 'http://127.0.0.1:1/v1', model: 'fake' };
    const toy = { ...SMALL.toy, chat, styles: ['plain'] };
    await expect(run({ ...SMALL, toy })).rejects.toThrow(/toy\.styles: expected one for each of 3 references, got 1/);
    await expect(run({ ...SMALL, toy: { match: 'describe' } })).rejects.toThrow(/toy\.match: .*finds some query/);
    await expect(run({ ...SMALL, toy: { match: '(' } })).rejects.toThrow(/toy\.match: expected a regular expression/);
  });
});
