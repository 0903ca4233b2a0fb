import type { ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { tinyModel } from '../helpers/tiny-model.js';
import { smallLog, writeLog } from './logs.js';
import { finished, runCli, startCli } from './run-cli.js';

interface Line {
  query: string;
  response: string;
  policy: string;
  logprob: number;
  tokens: number;
  bytes: number;
  entropy: number;
  temperature: number;
  identity: string;
  model: string;
}

const folder = mkdtempSync(join(tmpdir(), 'pope-score-'));
const slates = smallLog(60);
const log = writeLog(join(folder, 'log.jsonl'), slates);
const whole = join(folder, 'whole.jsonl');
let model: string;
let files = 0;

const fresh = (): string => join(folder, `scores-${files++}.jsonl`);
const argv = (out: string, more: readonly string[] = []): string[] => [
  'score',
  log,
  '--model',
  model,
  '-o',
  out,
  '--batch-tokens',
  '256',
  ...more,
];
const read = (path: string): Line[] =>
  readFileSync(path, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);

async function score(out: string, more: readonly string[] = []): Promise<Line[]> {
  const outcome = await runCli(argv(out, more));
  expect(outcome).toMatchObject({ code: 0, stdout: '' });
  return read(out);
}

beforeAll(async () => {
  model = await tinyModel();
  await score(whole);
});

describe('pope score', () => {
  it('writes one score per response, in log order', () => {
    const lines = read(whole);
    const wanted = slates.flatMap(({ id, responses }) => responses.map((response) => [id, response.id]));
    expect(lines.map(({ query, response }) => [query, response])).toEqual(wanted);
    for (const { query, response, logprob, tokens, bytes, entropy } of lines) {
      const { text } = slates.find(({ id }) => id === query)!.responses.find(({ id }) => id === response)!;
      expect(bytes).toBe(Buffer.byteLength(text));
      expect(tokens).toBe(bytes + 1); // One token per byte, and the end.
      expect(logprob).toBeLessThan(0);
      expect(entropy).toBeGreaterThan(0);
      expect(entropy).toBeLessThan(Math.log(256));
    }
  });

  it('says what it did on standard error only, or nothing with --quiet', async () => {
    const out = fresh();
    expect((await runCli(argv(out))).stderr).toMatch(
      /^60 queries, \d+ responses: \d+ scored now, 0 were there\npolicy "/,
    );
    expect(await runCli(argv(out, ['--quiet']))).toEqual({ code: 0, signal: null, stdout: '', stderr: '' });
  });

  it('reads a log from standard input', async () => {
    const out = fresh();
    const outcome = await runCli(argv(out).with(1, '-'), { input: readFileSync(log, 'utf8') });
    expect(outcome.code).toBe(0);
    expect(readFileSync(out, 'utf8')).toBe(readFileSync(whole, 'utf8'));
  });

  it('ends with the same bytes after kill -9 at random moments', async () => {
    const long = writeLog(join(folder, 'long-log.jsonl'), smallLog(400));
    const [out, calm] = [fresh(), fresh()];
    const command = (path: string) => ['score', long, '--model', model, '-o', path, '--batch-tokens', '64'];
    let kills = 0;
    while (kills < 4) {
      const child = startCli(command(out));
      const size = sizeOf(`${out}.partial`);
      await grows(`${out}.partial`, size, child);
      await sleep(Math.random() * 60);
      child.kill('SIGKILL');
      if ((await finished(child)).signal === null) break; // It was done before the kill.
      kills++;
      expect(existsSync(out)).toBe(false);
    }
    expect(kills).toBeGreaterThan(1);
    for (const path of [out, calm]) expect((await runCli(command(path))).code).toBe(0);
    expect(readFileSync(out, 'utf8')).toBe(readFileSync(calm, 'utf8'));
    expect(existsSync(`${out}.partial`)).toBe(false);
  });

  it.each(['SIGINT', 'SIGTERM'] as const)('stops on %s with exit code 130 and goes on later', async (signal) => {
    const out = fresh();
    const child = startCli(argv(out));
    await grows(`${out}.partial`, 0, child);
    child.kill(signal);
    const outcome = await finished(child);
    if (outcome.code !== 0) {
      expect(outcome).toMatchObject({ code: 130, stdout: '' });
      expect(outcome.stderr).toBe(
        `pope: INTERRUPTED: stopped by ${signal}; the scores so far are in ${out}.partial; the same command goes on from there\n`,
      );
    }
    await score(out);
    expect(readFileSync(out, 'utf8')).toBe(readFileSync(whole, 'utf8'));
  });

  it('cut into shards is the whole, byte for byte', async () => {
    const shards = [1, 2, 3].map((index) => ({ out: fresh(), shard: `${index}/3` }));
    for (const { out, shard } of shards) await score(out, ['--shard', shard]);
    expect(shards.map(({ out }) => readFileSync(out, 'utf8')).join('')).toBe(readFileSync(whole, 'utf8'));
  });

  it('scores one split, and keeps it when the others follow', async () => {
    const out = fresh();
    const test = await score(out, ['--split', 'test', '--split-ratio', '0.4,0.3,0.3']);
    expect(test.length).toBeGreaterThan(0);
    expect(test.length).toBeLessThan(read(whole).length);
    const all = await score(out);
    expect(all.map(({ query, response }) => [query, response])).toEqual(
      read(whole).map(({ query, response }) => [query, response]),
    );
  });

  it.each<[string, () => string[]]>([
    ['temperature', () => ['--temperature', '1.3']],
    ['system prompt', () => ['--template', template(), '--system', file('system.txt', 'Be brief.')]],
    ['template', () => ['--template', template()]],
    ['end rule', () => ['--end', 'none']],
  ])('another %s is another policy', async (_, flags) => {
    const [other] = await score(fresh(), flags());
    const [first] = read(whole);
    expect(other!.identity).not.toBe(first!.identity);
    expect(other!.policy).not.toBe(first!.policy);
    expect(other!.logprob).not.toBe(first!.logprob);
    expect(other!.model).toBe(first!.model);
    const outcome = await runCli(argv(whole, flags()));
    expect(outcome.code).toBe(3);
    expect(outcome.stderr).toMatch(
      /^pope: SCORES_OF_ANOTHER_POLICY: .*whole\.jsonl:1: scores of policy "[^"]+", but this run scores policy "[^"]+"/,
    );
  });

  it('refuses a query that exceeds the context, leaves it out, or cuts its prompt', async () => {
    const long = [
      ...slates.slice(0, 2),
      { id: 'long', prompt: 'x'.repeat(200_000), responses: [{ id: 'a', text: 'yes' }] },
    ];
    const longLog = writeLog(join(folder, 'long.jsonl'), long);
    const attempt = (out: string, what: string[]) => runCli(['score', longLog, '--model', model, '-o', out, ...what]);
    const refused = await attempt(fresh(), []);
    expect(refused).toMatchObject({ code: 3 });
    expect(refused.stderr).toMatch(/^pope: CONTEXT_OVERFLOW: query "long", response "a"/);
    const skipped = fresh();
    expect((await attempt(skipped, ['--on-overflow', 'skip'])).stderr).toContain(
      "1 queries exceed the model's context",
    );
    expect(read(skipped).every(({ query }) => query !== 'long')).toBe(true);
  });

  it('takes settings from a config file', async () => {
    const config = file('pope.json', JSON.stringify({ score: { temperature: 2, name: 'from-file' }, seed: 3 }));
    const [line] = await score(fresh(), ['--config', config]);
    expect(line).toMatchObject({ temperature: 2, policy: 'from-file' });
    const [typed] = await score(fresh(), ['--config', config, '--name', 'typed']);
    expect(typed).toMatchObject({ temperature: 2, policy: 'typed' });
  });
});

function template(): string {
  return file('template.jinja', '{% for m in messages %}[{{ m.role }}] {{ m.content }}\n{% endfor %}> ');
}

function file(name: string, content: string): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

/** Waits until a file is larger than that, or the process is done. */
async function grows(path: string, size: number, child: ChildProcess): Promise<void> {
  while (child.exitCode === null && sizeOf(path) <= size) await sleep(2);
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
