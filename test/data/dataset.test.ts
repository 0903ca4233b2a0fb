import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { LoggedDataset } from '../../src/data/dataset.js';
import type { Slate } from '../../src/data/slate.js';
import { splitOf } from '../../src/data/split.js';
import { useTemporaryFolder } from '../helpers/temporary-folder.js';

const fixtures = join(import.meta.dirname, '../fixtures/log');
const folder = useTemporaryFolder();

const slate = (id: string): Slate => ({ id, prompt: 'p', responses: [{ id: 'a', text: 'x', signal: 1 }] });
const jsonl = (slates: Slate[]) => slates.map((each) => `${JSON.stringify(each)}\n`).join('');
const many = Array.from({ length: 600 }, (_, i) => slate(`q${i}`));

async function all(log: LoggedDataset): Promise<Slate[]> {
  const slates: Slate[] = [];
  for await (const each of log) slates.push(each);
  return slates;
}

const failure = (promise: Promise<unknown>) =>
  promise.then(
    () => expect.fail('expected an error'),
    (error: Error & { code: string }) => error,
  );

describe('LoggedDataset.open', () => {
  it('reads the same slates from JSONL, gzip and Parquet, as often as asked', async () => {
    const content = await readFile(join(fixtures, 'nested.jsonl'));
    const expected = content
      .toString()
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    const zipped = await folder.write('log.gz', gzipSync(content));
    const paths = ['nested.jsonl', 'nested-zstd.parquet', 'nested-snappy.parquet'].map((name) => join(fixtures, name));
    for (const path of [...paths, zipped]) {
      const log = await LoggedDataset.open(path);
      expect(log.counts).toBeNull();
      expect(await all(log)).toEqual(expected);
      expect(await all(log)).toEqual(expected);
      expect(log.counts).toEqual({ queries: 3, responses: 5, otherSplits: 0, skipped: 0, invalidFiles: [] });
    }
  });

  it('reads a byte order mark, carriage returns, blank lines and gzip in several members', async () => {
    const text = `\uFEFF${JSON.stringify(slate('a'))}\r\n\r\n  \n${JSON.stringify(slate('b'))}`;
    const members = Buffer.concat([gzipSync(text.slice(0, 30)), gzipSync(text.slice(30))]);
    for (const content of [text, members]) {
      const log = await LoggedDataset.open(await folder.write('log', content));
      expect((await all(log)).map(({ id }) => id)).toEqual(['a', 'b']);
    }
  });

  it('takes several files as shards of one log', async () => {
    const shards = [
      await folder.write('1.jsonl', jsonl([slate('a')])),
      await folder.write('2.jsonl', ''),
      await folder.write('3.jsonl.gz', gzipSync(jsonl([slate('b')]))),
    ];
    const log = await LoggedDataset.open(shards);
    expect(log.paths).toEqual(shards);
    expect((await all(log)).map(({ id }) => id)).toEqual(['a', 'b']);
    const hash = createHash('sha256');
    for (const shard of shards) hash.update(await readFile(shard));
    expect(await log.sha256()).toBe(`sha256:${hash.digest('hex')}`);

    const twice = await LoggedDataset.open([shards[0]!, shards[0]!]);
    expect((await failure(all(twice))).message).toContain(
      '1.jsonl:1: id: expected an id of its own, got "a" a second time',
    );
  });

  it('names what cannot be found or read', async () => {
    expect(await failure(LoggedDataset.open(folder.path('none.jsonl')))).toMatchObject({
      code: 'LOG_NOT_FOUND',
      exitCode: 3,
      message: expect.stringContaining('pope import'),
    });
    expect(await failure(LoggedDataset.open(folder.path('.')))).toMatchObject({
      code: 'LOG_UNREADABLE',
      message: expect.stringContaining('it is a folder'),
    });
    const broken = {
      'cut.gz': gzipSync(jsonl(many)).subarray(0, 200),
      'flipped.gz': gzipSync(jsonl(many)).fill(0x55, 40, 60),
      'empty.parquet': Buffer.from('PAR1'),
      'cut.parquet': (await readFile(join(fixtures, 'nested-zstd.parquet'))).subarray(0, 1000),
      'flipped.parquet': (await readFile(join(fixtures, 'nested-zstd.parquet'))).fill(0x55, 20, 60),
    };
    for (const [name, content] of Object.entries(broken)) {
      const log = await LoggedDataset.open(await folder.write(name, content));
      expect(await failure(all(log))).toMatchObject({ code: 'LOG_UNREADABLE', message: expect.stringContaining(name) });
    }
  });

  it('refuses no path at all', async () => {
    expect(await failure(LoggedDataset.open([]))).toMatchObject({ code: 'LOG_MISSING', exitCode: 2 });
  });

  it('refuses an empty log, saying why it is empty', async () => {
    const blank = await folder.write('blank.jsonl', '\n \n');
    expect(await failure(all(await LoggedDataset.open(blank)))).toMatchObject({ code: 'LOG_EMPTY', exitCode: 3 });
    const path = await folder.write('one.jsonl', jsonl([slate('a')]));
    const other = splitOf('a') === 'test' ? 'train' : 'test';
    expect((await failure(all(await LoggedDataset.open(path, { split: other })))).message).toContain(
      `none of its 1 queries is in the split "${other}"`,
    );
  });
});

describe('bad lines', () => {
  const content = `${jsonl([slate('a')])}{"id":"b"}\n${jsonl([slate('a'), slate('c')])}not json\n`;

  it('stop a pass at the first', async () => {
    const error = await failure(all(await LoggedDataset.open(await folder.write('log.jsonl', content))));
    expect(error).toMatchObject({ code: 'LOG_INVALID', message: expect.stringContaining('log.jsonl:2: responses: ') });
  });

  it('are counted and kept in a side file with skipInvalid', async () => {
    const path = await folder.write('log.jsonl', content);
    const log = await LoggedDataset.open(path, { skipInvalid: true });
    for (let pass = 0; pass < 2; pass++) {
      expect((await all(log)).map(({ id }) => id)).toEqual(['a', 'c']);
      expect(log.counts).toMatchObject({ queries: 2, skipped: 3, invalidFiles: [`${path}.invalid.jsonl`] });
      const kept = (await readFile(`${path}.invalid.jsonl`, 'utf8'))
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line));
      expect(kept.map(({ line, text }) => [line, text])).toEqual([
        [2, '{"id":"b"}'],
        [3, JSON.stringify(slate('a'))],
        [5, 'not json'],
      ]);
      expect(kept[1].error).toContain('log.jsonl:3: id: expected an id of its own');
    }
  });

  it('leave the side file alone when a pass is broken off or finds none', async () => {
    const path = await folder.write('log.jsonl', content);
    for await (const _ of await LoggedDataset.open(path, { skipInvalid: true })) break;
    const clean = await folder.write('clean.jsonl', jsonl([slate('a')]));
    await all(await LoggedDataset.open(clean, { skipInvalid: true }));
    await expect(stat(`${path}.invalid.jsonl`)).rejects.toThrow('ENOENT');
    await expect(stat(`${clean}.invalid.jsonl`)).rejects.toThrow('ENOENT');
  });

  it('include lines that are too long', async () => {
    const path = await folder.write('log.jsonl', `${'x'.repeat(5000)}\n${jsonl([slate('a')])}`);
    expect(await failure(all(await LoggedDataset.open(path, { maxLineBytes: 1000 })))).toMatchObject({
      code: 'LOG_LINE_TOO_LONG',
    });
    const log = await LoggedDataset.open(path, { maxLineBytes: 1000, skipInvalid: true });
    expect(await all(log)).toHaveLength(1);
    expect(log.counts).toMatchObject({ skipped: 1 });
  });
});

describe('a pass', () => {
  it('yields exactly the queries of the split', async () => {
    const path = await folder.write('log.jsonl', jsonl(many));
    const found: string[] = [];
    for (const split of ['train', 'validation', 'test'] as const) {
      const log = await LoggedDataset.open(path, { split, splitSeed: 3 });
      const ids = (await all(log)).map(({ id }) => id);
      expect(ids.every((id) => splitOf(id, undefined, 3) === split)).toBe(true);
      expect(log.counts!.queries + log.counts!.otherSplits).toBe(many.length);
      found.push(...ids);
    }
    expect(found.sort()).toEqual(many.map(({ id }) => id).sort());
  });

  it('reports progress and stops when aborted', async () => {
    const path = await folder.write('log.jsonl', jsonl(many));
    const fractions: number[] = [];
    await all(await LoggedDataset.open(path, { onProgress: ({ fraction }) => fractions.push(fraction) }));
    expect(fractions).toHaveLength(3);
    expect(fractions.at(-1)).toBe(1);
    expect([...fractions].sort()).toEqual(fractions);

    const stop = new AbortController();
    const log = await LoggedDataset.open(path, { signal: stop.signal });
    let seen = 0;
    const pass = (async () => {
      for await (const _ of log) if (++seen === 5) stop.abort(new Error('stopped here'));
    })();
    expect((await failure(pass)).message).toBe('stopped here');
    expect(seen).toBe(5);
  });

  it('refuses a wrong ratio before reading', async () => {
    const path = await folder.write('log.jsonl', jsonl(many));
    expect(await failure(LoggedDataset.open(path, { splitRatio: [1, 1, 1] }))).toMatchObject({ code: 'SPLIT_RATIO' });
  });
});

describe('LoggedDataset.fromSlates', () => {
  it('checks what it is given and hashes it as JSONL', async () => {
    const log = LoggedDataset.fromSlates([slate('a'), slate('b')]);
    expect(await all(log)).toEqual([slate('a'), slate('b')]);
    const written = await LoggedDataset.open(await folder.write('log.jsonl', jsonl([slate('a'), slate('b')])));
    expect(await log.sha256()).toBe(await written.sha256());
    expect(log.paths).toEqual([]);
    expect((await failure(all(LoggedDataset.fromSlates([slate('a'), slate('a')])))).message).toContain('slates:2: id');
    expect(await failure(all(LoggedDataset.fromSlates([])))).toMatchObject({ code: 'LOG_EMPTY' });
  });
});
