import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { comparisonSchema } from '../../src/estimators/index.js';
import { runCli } from './run-cli.js';

const folder = mkdtempSync(join(tmpdir(), 'pope-compare-'));
const log = join(folder, 'log.jsonl');
const target = join(folder, 'log.target.jsonl');
const own = join(folder, 'own.jsonl');

beforeAll(async () => {
  expect(await runCli(['simulate', 'tabular', '-o', log, '--queries', '300'])).toMatchObject({ code: 0 });
  // The logging policy against the target: every weight of it is 1.
  const { readFileSync, writeFileSync } = await import('node:fs');
  const lines = readFileSync(log, 'utf8')
    .trimEnd()
    .split('\n')
    .flatMap((line) => {
      const { id, responses } = JSON.parse(line) as {
        id: string;
        responses: { id: string; logging: { logprob: number; tokens: number } }[];
      };
      return responses.map(({ id: response, logging: { logprob, tokens } }) => {
        return JSON.stringify({ query: id, response, policy: 'own', logprob, tokens });
      });
    });
  writeFileSync(own, lines.join('\n'));
});

const inputs = ['--logging', 'log', '--reward', 'identity', '--lambda-div', '0', '--resamples', '200'];

describe('pope compare', () => {
  it('names the better of two policies, for people and as JSON', async () => {
    const argv = ['compare', log, '--targets', target, own, ...inputs, '--truth', 'log.target=2,own=1'];
    const { code, stdout, stderr } = await runCli(argv);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^Best: log\.target\. Verdict: (reliable|caution)\.\n/);
    expect(stdout).toMatch(/Against the truth: rank correlation 1\.00/);
    const outcome = await runCli([...argv, '--json']);
    const result = comparisonSchema.parse(JSON.parse(outcome.stdout));
    expect(result).toMatchObject({ best: 'log.target', queries: 300 });
    expect(result.policies.map(({ policy }) => policy)).toEqual(['log.target', 'own']);
    expect(result.policies[1]!.effectiveSampleSize).toBeCloseTo(1200, 6);
  });

  it('takes names, and refuses the same one twice', async () => {
    const argv = ['compare', log, ...inputs, '--targets'];
    const outcome = await runCli([...argv, `new=${target}`, `old=${own}`, '--json']);
    expect(JSON.parse(outcome.stdout)).toMatchObject({ best: 'new' });
    expect(await runCli([...argv, own, own])).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/different name/),
    });
    expect(await runCli([...argv, own])).toMatchObject({ code: 2, stderr: expect.stringMatching(/at least two/) });
  });
});
