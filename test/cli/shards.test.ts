import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { fakeBucket } from '../helpers/fake-bucket.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';
import { tinyModel } from '../helpers/tiny-model.js';
import { smallLog, writeLog } from './logs.js';
import { runCli } from './run-cli.js';

const folder = temporaryFolder();
const log = writeLog(join(folder, 'log.jsonl'), smallLog(24));
let model: string;
beforeAll(async () => {
  model = await tinyModel();
});

const COMMANDS = {
  score: ['--batch-tokens', '256'],
  generate: ['-n', '2', '--max-tokens', '6', '--batch-tokens', '64'],
};

async function run(argv: readonly string[], environment: Record<string, string> = {}) {
  const outcome = await runCli(argv, { environment });
  expect(outcome).toMatchObject({ code: 0, stdout: '' });
  return outcome.stderr;
}

test.each(['score', 'generate'] as const)(
  'pope %s: shards done by several processes merge to one file',
  async (command) => {
    const argv = [command, log, '--model', model, ...COMMANDS[command]];
    const [whole, merged] = [join(folder, `${command}.jsonl`), join(folder, `${command}-merged.jsonl`)];
    const shards = join(folder, `${command}-run/`);
    await run([...argv, '-o', whole]);
    await Promise.all([3, 1, 2].map((index) => run([...argv, '-o', shards, '--shard', `${index}/3`])));
    await run(['merge', shards, '-o', merged]);
    expect(readFileSync(merged, 'utf8')).toBe(readFileSync(whole, 'utf8'));
    expect(readdirSync(shards)).toHaveLength(4);
  },
);

test('pope metrics: records made by several processes come to the result of one', async () => {
  const many = writeLog(join(folder, 'many.jsonl'), smallLog(80));
  const generations = join(folder, 'written.jsonl');
  const lines = smallLog(80).flatMap(({ id, responses }) =>
    responses.map(({ text }, index) => ({ query: id, index, policy: 'p', text: `${text} indeed ${id}` })),
  );
  writeFileSync(generations, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  const argv = ['metrics', many, '--generations', generations, '--embedder', 'lexical', '--fluency', model, '--json'];
  const place = join(folder, 'metrics-run/');
  const whole = await runCli(argv);
  expect(whole.code).toBe(0);
  await Promise.all([2, 1].map((index) => run([...argv, '-o', place, '--shard', `${index}/2`])));
  const merged = await runCli(['merge', place, '--', ...argv]);
  expect(merged).toMatchObject({ code: 0, stderr: '' });
  expect(JSON.parse(merged.stdout)).toEqual(JSON.parse(whole.stdout));
  expect(merged.stdout).toBe(whole.stdout);
  const other = await runCli(['merge', place, '--', ...argv, '--tau', '0.5']);
  expect(other).toMatchObject({ code: 2, stderr: expect.stringContaining('SHARDS_DIFFER') });
  const file = await runCli(['merge', place, '-o', join(folder, 'metrics.jsonl')]);
  expect(file).toMatchObject({ code: 2, stderr: expect.stringContaining('shards of metrics: give after --') });
});

test('shards in a bucket; a plan first, a gap refused, one that is there left alone', async () => {
  const { environment, objects } = await fakeBucket();
  const argv = ['score', log, '--model', model, ...COMMANDS.score, '-o', 's3://pope/run'];
  const merge = ['merge', 's3://pope/run', '-o', join(folder, 'bucket.jsonl.gz')];
  expect(await run([...argv, '--shard', '0/2'], environment)).toContain('24 queries in 2 shards');
  await run([...argv, '--shard', '1/2'], environment);
  const outcome = await runCli(merge, { environment });
  expect(outcome).toMatchObject({ code: 3, stderr: expect.stringMatching(/SHARDS_MISSING.*--shard 2\/2/) });
  expect(await run([...argv, '--shard', '1/2'], environment)).toContain('was there already');
  await run([...argv, '--shard', '2/2'], environment);
  await run(merge, environment);
  expect([...objects.keys()]).toEqual([
    '/pope/run/manifest.json',
    '/pope/run/scores-00001-of-00002.jsonl',
    '/pope/run/scores-00002-of-00002.jsonl',
  ]);
});

test('a plan needs a place for shards', async () => {
  const file = join(folder, 'file.jsonl');
  const outcome = await runCli(['score', log, '--model', model, '-o', file, '--shard', '0/2']);
  expect(outcome).toMatchObject({ code: 2, stderr: expect.stringContaining('--shard 0/2 plans shards in a folder/') });
});
