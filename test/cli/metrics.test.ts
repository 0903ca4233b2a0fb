import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { measurements } from '../../src/metrics/measure/result.js';
import { completion, fakeServer } from '../helpers/fake-server.js';
import { useTemporaryFolder } from '../helpers/temporary-folder.js';
import { smallLog, writeLog } from './logs.js';
import { runCli } from './run-cli.js';

const folder = useTemporaryFolder();
const SLATES = smallLog(6);

function generations(name: string, policy: string, change: (text: string) => string): string {
  const lines = SLATES.flatMap(({ id, responses }) =>
    responses.map(({ text }, index) => ({ query: id, index, text: change(text), policy })),
  );
  writeFileSync(folder.path(name), lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  return folder.path(name);
}

describe('pope metrics', () => {
  test('measures, judges and prints both ways', async () => {
    const log = writeLog(folder.path('log.jsonl'), SLATES);
    const ours = generations('ours.jsonl', 'copy', (text) => text);
    const base = generations('base.jsonl', 'base', () => 'nothing');
    const server = await fakeServer(() => completion('VERDICT: A', 'judge'));
    const judge = ['--judge', server.url, '--judge-model', 'judge', '--against', base];
    const argv = ['metrics', log, '--generations', ours, '--embedder', 'lexical', '--resamples', '50', ...judge];
    const json = await runCli([...argv, '--json'], { environment: { POPE_API_KEY: 'sk-secret' } });
    expect(json).toMatchObject({ code: 0, stderr: '' });
    const result = measurements.parse(JSON.parse(json.stdout));
    expect(result).toMatchObject({ policy: 'copy', queries: 6, judge: { against: 'base', ties: 6, asked: 12 } });
    // A policy that repeats the references reaches all of them.
    expect(result.metrics.find(({ metric }) => metric === 'pluralisticCoverage')!.value).toBe(1);
    expect(server.requests[0]!.headers.authorization).toBe('Bearer sk-secret');
    expect(json.stdout + readFileSync(`${ours}.judgements.jsonl`, 'utf8')).not.toContain('sk-secret');

    const text = await runCli(argv);
    expect(server.requests).toHaveLength(12);
    expect(text.stdout).toMatch(/^Policy "copy": \d+ responses to 6 queries/);
    expect(text.stdout).toMatch(/Pluralistic Coverage +1 +1 +1 +6\n/);
    expect(text.stdout).toContain('0 wins, 6 ties, 0 losses; win rate 0.5000 [0.5000, 0.5000]');
    expect(text.stdout).toContain('warning: LEXICAL_ENCODER');
  });

  test.each([
    ['a judge without a name', ['--embedder', 'lexical', '--judge', 'http://localhost/v1'], 'JUDGE_NEEDS'],
    ['a server without a name', ['--embedder', 'http://localhost/v1'], 'ENDPOINT_MODEL_NAME'],
    ['no embedder', [], 'MISSING_OPTION'],
  ])('%s is a mistake', async (_, flags, code) => {
    const log = writeLog(folder.path('log.jsonl'), SLATES);
    const ours = generations('ours.jsonl', 'copy', (text) => text);
    const outcome = await runCli(['metrics', log, '--generations', ours, ...flags]);
    expect(outcome).toMatchObject({ code: 2, stdout: '' });
    expect(outcome.stderr).toContain(code);
  });
});

describe('pope label', () => {
  test('writes labels and says how they agree', async () => {
    const slates = SLATES.map((slate) => ({
      ...slate,
      responses: slate.responses.map((response) => ({ ...response, opinion: response.text.split(' ')[0]! })),
    }));
    const log = writeLog(folder.path('log.jsonl'), slates);
    const output = folder.path('labelled.jsonl');
    const outcome = await runCli(['label', log, '--encoder', 'lexical', '--clusters', '2', '-o', output, '--json']);
    expect(outcome.code).toBe(0);
    expect(JSON.parse(outcome.stdout)).toMatchObject({
      queries: 6,
      by: { kind: 'lexical' },
      agreement: { queries: 6 },
    });
    expect(outcome.stderr).toMatch(/warning: LEXICAL_ENCODER.*adjusted Rand/s);
    const first = JSON.parse(readFileSync(output, 'utf8').split('\n')[0]!);
    expect(first.responses[0]).toMatchObject({ opinion: 'o1', givenOpinion: expect.any(String) });
  });

  test('needs to know by what', async () => {
    const log = writeLog(folder.path('log.jsonl'), SLATES);
    const outcome = await runCli(['label', log, '-o', folder.path('out.jsonl')]);
    expect(outcome).toMatchObject({ code: 2, stderr: expect.stringContaining('LABEL_BY') });
  });
});
