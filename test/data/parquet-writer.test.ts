import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { describe, expect, it } from 'vitest';
import { AtomicWriter } from '../../src/data/atomic-writer.js';
import { LoggedDataset } from '../../src/data/dataset.js';
import { openInput } from '../../src/data/input.js';
import { readTextLines } from '../../src/data/lines.js';
import { readGenerations } from '../../src/policy/generations.js';
import { scoreToFile } from '../../src/policy/score-cache.js';
import { scoreFile } from '../../src/policy/score-file.js';
import { smallLog } from '../cli/logs.js';
import { useTemporaryFolder } from '../helpers/temporary-folder.js';
import { FakePolicy } from '../policy/fake-policy.js';

const folder = useTemporaryFolder();

async function write(rows: readonly object[], name = 'rows.parquet'): Promise<string> {
  const path = folder.path(name);
  const writer = await AtomicWriter.create(path);
  try {
    for (const row of rows) await writer.line(row);
    await writer.commit();
  } catch (error) {
    await writer.abort();
    throw error;
  }
  return path;
}

async function read(path: string): Promise<object[]> {
  const rows: object[] = [];
  for await (const { text } of readTextLines(await openInput(path, 'INPUT'))) rows.push(JSON.parse(text) as object);
  return rows;
}

describe('rows written as Parquet', () => {
  it('come back as they were, nested as deep as they are', async () => {
    const rows = [
      {
        id: 'a',
        n: 1,
        x: 0.5,
        yes: true,
        list: [1, 2],
        words: ['ä', ''],
        nested: { deep: { deeper: [{ a: [[1], []] }] } },
      },
      { id: 'b', n: -7, x: 3, list: [], late: 'only here', nested: {} },
      { id: 'c', n: 2 ** 53 - 1, x: 1e300, yes: false },
    ];
    expect(await read(await write(rows))).toEqual(rows);
    expect(readdirSync(dirname(folder.path('x')))).toEqual(['rows.parquet']);
  });

  it('lose what says nothing: null', async () => {
    expect(
      await read(
        await write([
          { id: 'a', score: null },
          { id: 'b', score: 2 },
        ]),
      ),
    ).toEqual([{ id: 'a' }, { id: 'b', score: 2 }]);
  });

  it('stand in several row groups when they are many', async () => {
    const rows = Array.from({ length: 70 }, (_, i) => ({ id: `q${i}`, text: 'x'.repeat(500_000) + i }));
    expect(await read(await write(rows))).toEqual(rows);
  });

  it('are refused where a field has two types, and the old file stays', async () => {
    writeFileSync(folder.path('rows.parquet'), 'old');
    const cases: [object, object, RegExp][] = [
      [{ a: { b: [1] } }, { a: { b: ['x'] } }, /field a\.b\[\] is text here but integer in an earlier line/],
      [{ a: 1 }, { a: [1] }, /field a is a list here but integer/],
      [{ a: [{}] }, { a: ['x'] }, /field a\[\] is text here but struct/],
    ];
    for (const [first, second, message] of cases) {
      await expect(write([first, second])).rejects.toMatchObject({
        code: 'PARQUET_TYPES',
        message: expect.stringMatching(message),
      });
    }
    expect(readFileSync(folder.path('rows.parquet'), 'utf8')).toBe('old');
  });
});

describe('in Parquet', () => {
  const slates = smallLog(30);
  async function* log() {
    yield* slates;
  }

  it('a log is a log', async () => {
    const dataset = await LoggedDataset.open(await write(slates, 'log.parquet'));
    const found = [];
    for await (const slate of dataset) found.push(slate);
    expect(found).toEqual(slates);
  });

  it('scores are a cache and a policy, as in JSONL', async () => {
    const [plain, packed] = [folder.path('scores.jsonl'), folder.path('scores.parquet')];
    await scoreToFile(new FakePolicy(), log(), plain);
    await scoreToFile(new FakePolicy(), log(), packed);
    expect((await scoreToFile(new FakePolicy(), log(), packed)).scored).toBe(0);
    const [a, b] = [scoreFile(plain), scoreFile(packed)];
    expect(b.identity).toEqual(a.identity);
    expect(b.id).toBe(a.id);
    const all = async (policy: typeof a) => {
      const scores = [];
      for await (const each of policy.score(slates)) scores.push(each);
      return scores;
    };
    expect(await all(b)).toEqual(await all(a));
  });

  it('an empty shard has no scores, and Parquet of another tool is refused', async () => {
    expect(() => scoreFile(folder.path('none.parquet'))).toThrow(/no such score file/);
    const empty = await write([], 'empty.parquet');
    expect(() => scoreFile(empty)).toThrow(expect.objectContaining({ code: 'SCORES_EMPTY' }));
    const other = new URL('../fixtures/log/nested-snappy.parquet', import.meta.url).pathname;
    expect(() => scoreFile(other)).toThrow(/Parquet of another tool/);
  });

  it('generations are generations', async () => {
    const lines = [0, 1].map((index) => ({ query: 'q1', index, text: `t${index}`, policy: 'p', tokens: 3 }));
    const { policy, texts } = await readGenerations([await write(lines, 'generations.parquet')]);
    expect(policy).toBe('p');
    expect(texts.get('q1')).toEqual(['t0', 't1']);
  });
});
