import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Evaluation, evaluationSchema } from '../../src/estimators/index.js';
import type { WorldTruth } from '../../src/experiments/simulation.js';
import { runCli } from './run-cli.js';

const folder = mkdtempSync(join(tmpdir(), 'pope-evaluate-'));
const log = join(folder, 'log.jsonl');
const target = join(folder, 'target.jsonl');
const inputs = ['--target', target, '--logging', 'log', '--reward', 'identity', '--resamples', '200'];
let truth: WorldTruth;

beforeAll(async () => {
  const outcome = await runCli([
    'simulate',
    'tabular',
    '-o',
    log,
    '--target-scores',
    target,
    '--queries',
    '500',
    '--json',
  ]);
  expect(outcome).toMatchObject({ code: 0, stderr: '' });
  truth = JSON.parse(outcome.stdout) as WorldTruth;
});

async function evaluate(...argv: string[]): Promise<Evaluation> {
  const outcome = await runCli(['evaluate', log, ...inputs, '--json', ...argv]);
  expect(outcome).toMatchObject({ code: 0, stderr: '' });
  return evaluationSchema.parse(JSON.parse(outcome.stdout));
}

describe('pope evaluate', () => {
  it('finds the true value of a simulated world', async () => {
    const { estimates, inputs: from, environment, queries, responses } = await evaluate('--interval', 't');
    expect({ queries, responses }).toEqual({ queries: 500, responses: 2000 });
    const row = estimates.find(({ estimator, normalise }) => estimator === 'decomposed' && normalise === 'none')!;
    const wanted = truth.truth.find(({ form }) => form === row.form)!;
    for (const part of ['value', 'utility', 'diversity'] as const) {
      const half = (row.interval!.high - row.interval!.low) / 2;
      expect(Math.abs(row[part]! - wanted[part])).toBeLessThan(2.5 * half);
    }
    expect(from.log).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(environment).toHaveProperty('binary');
  });

  it('prints the answer first, then the figures of the paper, diagnostics and warnings', async () => {
    const { code, stdout, stderr } = await runCli(['evaluate', log, ...inputs]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(
      /^(Value|Index) [\d.]+ \[[\d.]+, [\d.]+\] \(95 % interval\), verdict: (reliable|caution)\.\n/,
    );
    const places = ["The paper's figures", 'Diagnostics', 'Warnings'].map((title) => stdout.indexOf(title));
    expect(places.every((place, i) => place > (places[i - 1] ?? 0))).toBe(true);
    expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThan(260);
  });

  it('reads logs and scores that are compressed, piped or in shards', async () => {
    const wanted = await evaluate();
    const lines = readFileSync(target, 'utf8').trimEnd().split('\n');
    const shards = [lines.slice(700), lines.slice(0, 700)].map((part, i) => {
      const path = join(folder, `shard-${i}.jsonl.gz`);
      writeFileSync(path, gzipSync(part.join('\n')));
      return path;
    });
    const argv = ['evaluate', '-', '--target', ...shards, ...inputs.slice(2), '--json'];
    const { stdout } = await runCli(argv, { input: readFileSync(log, 'utf8') });
    const piped = JSON.parse(stdout) as Evaluation;
    expect(piped.estimates).toEqual(wanted.estimates);
    expect(piped.inputs.log).toBe(wanted.inputs.log);
  });

  it('depends on the seed alone', async () => {
    const [first, again, other] = [await evaluate(), await evaluate(), await evaluate('--seed', '1')];
    expect(again).toEqual(first);
    expect(other.estimates[0]!.value).toBe(first.estimates[0]!.value);
    expect(other.estimates[0]!.interval).not.toEqual(first.estimates[0]!.interval);
  });

  it('evaluates splits, which together are the log', async () => {
    const sizes = [];
    for (const split of ['train', 'validation', 'test']) sizes.push((await evaluate('--split', split)).queries);
    expect(sizes.every((size) => size > 0)).toBe(true);
    expect(sizes.reduce((sum, size) => sum + size)).toBe(500);
  });

  it('gives the groups of judges their own values', async () => {
    const { groups } = await evaluate('--by', 'group');
    expect(groups.map(({ group }) => group)).toEqual(['islands', 'north', 'south']);
  });

  it('passes its options on', async () => {
    const argv =
      '--estimator slate,bound --normalise bytes --form expected --lambda-cu 2 --lambda-div auto --reduction mean';
    const more = '--transform clip:3 --self-normalise --alpha 0.1';
    const { options } = await evaluate(...argv.split(' '), ...more.split(' '));
    expect(options).toMatchObject({
      estimators: ['slate', 'decomposed', 'bound'],
      normalise: ['none', 'bytes'],
      reward: 'identity',
      form: 'expected',
      lambdaCu: 2,
      lambdaDiv: 'auto',
      reduction: 'mean',
      transform: 'clip:3',
      selfNormalise: true,
      interval: 'bootstrap-percentile',
      alpha: 0.1,
      resamples: 200,
    });
  });

  it('uses predictions of the reward, and says which one is missing', async () => {
    const lines = readFileSync(log, 'utf8').trimEnd().split('\n');
    const predicted = join(folder, 'predicted.jsonl');
    const withPredictions = lines.map((line) => {
      const slate = JSON.parse(line);
      for (const response of slate.responses) response.q = response.signal;
      return JSON.stringify({ ...slate, q: 0.5 });
    });
    writeFileSync(predicted, `${withPredictions.join('\n')}\n`);
    const argv = [...inputs, '--prediction', 'q'];
    const { code, stdout } = await runCli(['evaluate', predicted, ...argv]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/With the predictions in q .*\n\nestimator .*\n.*\ndm .* caution\ndr .*\nsndr /);
    expect(await runCli(['evaluate', log, ...argv])).toMatchObject({
      code: 3,
      stderr: expect.stringMatching(/PREDICTION_MISSING: query .*"q"/),
    });
  });

  it('leaves out queries without scores only when asked to, and says how many', async () => {
    const partial = join(folder, 'partial.jsonl');
    writeFileSync(partial, readFileSync(target, 'utf8').split('\n').slice(0, 401).join('\n'));
    const argv = ['evaluate', log, '--target', partial, ...inputs.slice(2), '--json'];
    expect(await runCli(argv)).toMatchObject({
      code: 3,
      stderr: expect.stringMatching(/SCORE_MISSING.*--skip-unscored/),
    });
    const { stdout } = await runCli([...argv, '--skip-unscored']);
    const { queries, warnings } = JSON.parse(stdout) as Evaluation;
    expect(queries).toBe(100);
    expect(warnings[0]).toMatchObject({ code: 'UNSCORED_QUERIES', message: expect.stringContaining('400 queries') });
  });

  it('fails with --strict where the log does not support a value', async () => {
    const few = join(folder, 'few.jsonl');
    writeFileSync(few, readFileSync(log, 'utf8').split('\n').slice(0, 4).join('\n'));
    const outcome = await runCli(['evaluate', few, ...inputs, '--strict']);
    expect(outcome).toMatchObject({ code: 1, stdout: '' });
    expect(outcome.stderr).toMatch(/^pope: UNRELIABLE: [^\n]+\n$/);
  });

  it('skips bad lines when asked to, and keeps them in a file', async () => {
    const spoilt = join(folder, 'spoilt.jsonl');
    writeFileSync(spoilt, `{"id":"bad"}\n${readFileSync(log, 'utf8')}`);
    const outcome = await runCli(['evaluate', spoilt, ...inputs, '--skip-invalid', '--json']);
    expect(outcome.stderr).toBe(`pope: skipped 1 invalid lines; they are in ${spoilt}.invalid.jsonl\n`);
    expect((JSON.parse(outcome.stdout) as Evaluation).queries).toBe(500);
  });
});

describe('pope simulate', () => {
  it('studies estimators in place of writing a log', async () => {
    const argv = ['simulate', 'tabular-heavy-tails', '--study', '2', '--queries', '60'];
    const { code, stdout, stderr } = await runCli(argv);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^decomposed, self-normalised {2,}clip:10/m);
    const { rows } = JSON.parse((await runCli([...argv, '--json'])).stdout) as { rows: unknown[] };
    expect(rows).toHaveLength(9);
    expect(await runCli(argv.slice(0, 2))).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/MISSING_OPTION.*--output/),
    });
  });
});
