import { appendFileSync, existsSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { mkdtemp, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Slate } from '../../src/data/slate.js';
import { InterruptedError } from '../../src/errors.js';
import { journalPath } from '../../src/policy/journal.js';
import { scoreToFile } from '../../src/policy/score-cache.js';
import { FakePolicy, fakeLog } from './fake-policy.js';

const log = fakeLog(9);
let path: string;

beforeEach(async () => {
  path = join(await mkdtemp(join(tmpdir(), 'pope-scores-')), 'scores.jsonl');
});

async function* stream(slates: readonly Slate[]): AsyncGenerator<Slate> {
  yield* slates;
}

const lines = (file = path): Record<string, unknown>[] =>
  readFileSync(file, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

async function uninterrupted(): Promise<string> {
  const other = `${path}.whole`;
  await scoreToFile(new FakePolicy(), stream(log), other);
  return readFileSync(other, 'utf8');
}

/** Scores until the given number of batches are done, then is aborted. */
async function interruptedAfter(batches: number): Promise<void> {
  const policy = new FakePolicy();
  const controller = new AbortController();
  policy.beforeBatch = () => {
    if (policy.scored.length === batches - 1) controller.abort(new InterruptedError('INTERRUPTED', 'stopped'));
  };
  await expect(scoreToFile(policy, stream(log), path, { signal: controller.signal })).rejects.toThrow('stopped');
}

describe('a score file', () => {
  it('has one line per response, in log order, with all that identifies the policy', async () => {
    const report = await scoreToFile(new FakePolicy(), stream(log), path);
    const wanted = log.flatMap(({ id, responses }) => responses.map((response) => [id, response.id]));
    expect(lines().map(({ query, response }) => [query, response])).toEqual(wanted);
    expect(lines()[0]).toEqual({
      query: 'q0',
      response: 'r0',
      policy: 'fake',
      logprob: expect.any(Number),
      tokens: 15,
      bytes: 15,
      entropy: 1.5,
      temperature: 1,
      dtype: 'f32',
      model: 'sha256:m',
      tokenizer: 'sha256:t',
      identity: 'sha256:first',
      key: expect.stringMatching(/^sha256:/),
      crc32: expect.stringMatching(/^[0-9a-f]{8}$/),
    });
    expect(report).toMatchObject({
      queries: 9,
      responses: 18,
      scored: 18,
      reused: 0,
      stale: 0,
      dropped: 0,
      skipped: 0,
    });
    expect(existsSync(journalPath(path))).toBe(false);
  });

  it('is a cache: scoring again does nothing', async () => {
    await scoreToFile(new FakePolicy(), stream(log), path);
    const before = readFileSync(path, 'utf8');
    const policy = new FakePolicy();
    expect(await scoreToFile(policy, stream(log), path)).toMatchObject({ scored: 0, reused: 18 });
    expect(policy.scored).toEqual([]);
    expect(readFileSync(path, 'utf8')).toBe(before);
  });

  it.each([1, 2, 4])('goes on after an interruption in batch %d, to the same bytes', async (batches) => {
    await interruptedAfter(batches);
    expect(existsSync(path)).toBe(false);
    const policy = new FakePolicy();
    const report = await scoreToFile(policy, stream(log), path);
    expect(policy.scored).toHaveLength(5 - batches);
    expect(report.scored + report.reused).toBe(18);
    expect(readFileSync(path, 'utf8')).toBe(await uninterrupted());
    expect(existsSync(journalPath(path))).toBe(false);
  });

  it('goes on from a journal that was cut anywhere', async () => {
    const whole = await uninterrupted();
    await interruptedAfter(4);
    const journal = readFileSync(journalPath(path));
    for (let size = journal.length; size >= 0; size -= 97) {
      writeFileSync(journalPath(path), journal.subarray(0, size));
      await scoreToFile(new FakePolicy(), stream(log), path);
      expect(readFileSync(path, 'utf8')).toBe(whole);
      truncateSync(path, 0);
    }
  });

  it('scores changed texts anew, counts them, and drops what the log lost', async () => {
    await scoreToFile(new FakePolicy(), stream(log), path);
    const changed = structuredClone(log).slice(0, 8);
    changed[2]!.responses[1]!.text = 'another text';
    const policy = new FakePolicy();
    const report = await scoreToFile(policy, stream(changed), path);
    expect(policy.scored).toEqual([['q2', 'q3']]);
    expect(report).toMatchObject({ scored: 1, stale: 1, reused: 14, dropped: 3 });
    expect(lines()).toHaveLength(15);
    expect(lines().find(({ query, response }) => query === 'q2' && response === 'r1')?.bytes).toBe(12);
  });

  it('keeps the scores of slates that this run does not select', async () => {
    const even = { selects: ({ id }: Slate) => Number(id.slice(1)) % 2 === 0 };
    const odd = { selects: ({ id }: Slate) => Number(id.slice(1)) % 2 === 1 };
    expect(await scoreToFile(new FakePolicy(), stream(log), path, even)).toMatchObject({ queries: 5, dropped: 0 });
    expect(lines()).toHaveLength(10);
    expect(await scoreToFile(new FakePolicy(), stream(log), path, odd)).toMatchObject({ queries: 4, dropped: 0 });
    const wanted = log.flatMap(({ id, responses }) => responses.map((response) => [id, response.id]));
    expect(lines().map(({ query, response }) => [query, response])).toEqual(wanted);
  });

  it.each(['the file', 'its journal'])('refuses another policy in %s, naming both', async (where) => {
    if (where === 'the file') await scoreToFile(new FakePolicy('sha256:first', 'alpha'), stream(log), path);
    else {
      await scoreToFile(new FakePolicy('sha256:first', 'alpha'), stream(log), `${path}.other`);
      writeFileSync(journalPath(path), readFileSync(`${path}.other`));
    }
    const attempt = scoreToFile(new FakePolicy('sha256:second', 'beta'), stream(log), path);
    await expect(attempt).rejects.toMatchObject({ code: 'SCORES_OF_ANOTHER_POLICY', exitCode: 3 });
    await expect(attempt).rejects.toThrow(/policy "alpha".*policy "beta".*another file/);
  });

  it('refuses the same name with another prompt or temperature', async () => {
    await scoreToFile(new FakePolicy('sha256:first'), stream(log), path);
    await expect(scoreToFile(new FakePolicy('sha256:second'), stream(log), path)).rejects.toThrow(
      'identity is "sha256:first" there and "sha256:second" here',
    );
  });

  it('names file and line of a broken score', async () => {
    await scoreToFile(new FakePolicy(), stream(log), path);
    appendFileSync(path, '{"query":"q9","response":"r0","logprob":NaN,"tokens":3}\n');
    await expect(scoreToFile(new FakePolicy(), stream(log), path)).rejects.toThrow(
      `${path}:19: logprob: expected a finite number, got NaN`,
    );
  });

  it('creates the folder, and says when it cannot write', async () => {
    await scoreToFile(new FakePolicy(), stream(log), join(path, '..', 'deep', 'scores.jsonl'));
    expect((await stat(join(path, '..', 'deep', 'scores.jsonl'))).size).toBeGreaterThan(0);
    await expect(scoreToFile(new FakePolicy(), stream(log), '/dev/null/scores.jsonl')).rejects.toMatchObject({
      code: 'OUTPUT_NOT_WRITABLE',
      exitCode: 2,
    });
  });

  it('refuses scores that are not finite, naming the response, and leaves no empty journal', async () => {
    const policy = new FakePolicy();
    const scoreBatch = policy.scoreBatch.bind(policy);
    policy.scoreBatch = async (batch) => {
      const scores = await scoreBatch(batch);
      scores[1]!.responses[1]!.logprob = Number.NaN;
      return scores;
    };
    const attempt = scoreToFile(policy, stream(log), path);
    await expect(attempt).rejects.toMatchObject({ code: 'SCORE_INVALID', exitCode: 3 });
    await expect(attempt).rejects.toThrow('query "q1", response "r1": the policy gives log-probability NaN');
    expect(existsSync(journalPath(path))).toBe(false);
  });

  it('may be compressed', async () => {
    const packed = `${path}.gz`;
    await scoreToFile(new FakePolicy(), stream(log), packed);
    expect(gunzipSync(readFileSync(packed)).toString()).toBe(await uninterrupted());
    expect(await scoreToFile(new FakePolicy(), stream(log), packed)).toMatchObject({ scored: 0, reused: 18 });
  });

  it('reports progress in queries, responses and tokens', async () => {
    const seen: number[] = [];
    const onProgress = ({ queries }: { queries: number }) => seen.push(queries);
    await scoreToFile(new FakePolicy(), stream(log), path, { onProgress });
    expect(seen).toEqual([2, 4, 6, 8, 9]);
  });
});
