import { readdir, truncate, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import type { ImportContext, ImportCounts } from '../../../src/data/adapters/adapter.js';
import { groupRows, groupSlates, type SlatePart } from '../../../src/data/adapters/group-rows.js';
import { Spill } from '../../../src/data/adapters/spill.js';
import type { InputFile } from '../../../src/data/input.js';
import { useTemporaryFolder } from '../../helpers/temporary-folder.js';

const folder = useTemporaryFolder();
const file: InputFile = { kind: 'INPUT', name: 'raw', path: 'raw', size: 1, inode: 1, modified: 1, format: 'text' };

type Row = { text: string };
const rows: [string, Row][] = Array.from({ length: 600 }, (_, i) => [`key ${(i * 7) % 100}\n"`, { text: `ü\n${i}` }]);
/** The rows as those of three raw files. */
const files = [rows.slice(0, 200), rows.slice(200, 201), rows.slice(201)];

/** Counts the rows that are read, as dropped, so that what is counted before and after a stop can be seen. */
async function context(maxCharacters: number, identity = 'this import') {
  const spill = await Spill.open<ImportCounts>(folder.path('spill'), identity);
  const warnings: string[] = [];
  const counted = { rows: 0 };
  const self: ImportContext = {
    option: () => undefined,
    optionValues: () => [],
    drop: () => {},
    warn: (code) => warnings.push(code),
    onRow: () => {},
    counts: () => ({ rows: counted.rows, dropped: {}, warnings: [] }),
    restore: (counts) => {
      counted.rows = counts.rows;
    },
    maxCharacters,
    spill,
  };
  return { self, counted, warnings };
}

async function groups(maxCharacters: number, stopAfter = Number.POSITIVE_INFINITY, identity?: string) {
  const { self, counted } = await context(maxCharacters, identity);
  const opened: number[] = [];
  let read = 0;
  const reader = async function* (_: InputFile, index: number) {
    opened.push(index);
    for (const row of files[index]!) {
      if (read++ === stopAfter) throw new Error('stopped');
      counted.rows++;
      yield row;
    }
  };
  const result = new Map<string, Row[]>();
  for await (const [key, group] of groupRows([file, file, file], self, reader)) {
    expect(result.has(key)).toBe(false);
    result.set(key, group);
  }
  return { result, opened, counted: counted.rows, read };
}

describe('groupRows', () => {
  it('keeps the order of keys and rows in memory, and writes nothing', async () => {
    const { result } = await groups(1e9);
    expect([...result.keys()]).toEqual([...new Set(rows.map(([key]) => key))]);
    for (const [key, group] of result)
      expect(group).toEqual(rows.filter(([other]) => other === key).map(([, row]) => row));
    await expect(readdir(folder.path('spill'))).rejects.toThrow('ENOENT');
  });

  it('gives the same groups through files', async () => {
    const { result: inMemory } = await groups(1e9);
    for (const maxCharacters of [500, 12_000]) {
      const { result } = await groups(maxCharacters, Number.POSITIVE_INFINITY, `${maxCharacters}`);
      expect(result.size).toBe(100);
      for (const [key, group] of result) expect(group).toEqual(inMemory.get(key));
    }
  });

  it('goes on where it was stopped, with the groups of one that never was and with each row counted once', async () => {
    const whole = await groups(2000, Number.POSITIVE_INFINITY, 'whole');
    for (const stop of [0, 80, 200, 201, 300, 599]) {
      await expect(groups(2000, stop, `${stop}`)).rejects.toThrow('stopped');
      const resumed = await groups(2000, Number.POSITIVE_INFINITY, `${stop}`);
      expect([...resumed.result]).toEqual([...whole.result]);
      expect(resumed.counted).toBe(rows.length);
    }
    // Everything was on disk when the last one ended: nothing is read again, and grouping gives the same.
    const again = await groups(2000, 0, '599');
    expect([again.opened, again.counted]).toEqual([[], rows.length]);
    expect([...again.result]).toEqual([...whole.result]);
  });

  it('does not read a file again that is on disk as a whole', async () => {
    await expect(groups(2000, 400)).rejects.toThrow('stopped');
    expect((await groups(2000)).opened).toEqual([2]);
  });

  it('ignores what was being written when it was stopped, and begins anew where something is missing', async () => {
    const { result: whole } = await groups(2000);
    await expect(groups(2000, 400, 'other')).rejects.toThrow('stopped');
    const written = (await readdir(folder.path('spill'))).filter((name) => name !== 'state.json');
    for (const name of written) await writeFile(folder.path(`spill/${name}`), '["cut', { flag: 'a' });
    expect([...(await groups(2000, Number.POSITIVE_INFINITY, 'other')).result]).toEqual([...whole]);

    await expect(groups(2000, 400, 'third')).rejects.toThrow('stopped');
    await truncate(folder.path(`spill/${written[0]}`), 3);
    const anew = await groups(2000, Number.POSITIVE_INFINITY, 'third');
    expect(anew.opened).toEqual([0, 1, 2]);
    expect([...anew.result]).toEqual([...whole]);
  });
});

describe('groupSlates', () => {
  const parts: [string, SlatePart][] = [
    ['q', { responses: [{ id: 'a', judgements: [{ judge: 'j', signal: 1 }] }] }],
    ['q', { query: { prompt: 'First' }, responses: [{ id: 'a', text: 'one', signal: 3 }] }],
    ['q', { query: { prompt: 'Second', weight: 2 }, responses: [{ id: 'a', text: ' one', signal: 4 }] }],
    ['q', { responses: [{ id: 'a', text: 'other', judgements: [{ judge: 'k', signal: 2 }] }] }],
  ];
  const slates = async (merge: boolean) => {
    const { self, warnings } = await context(1e9);
    const reader = async function* () {
      yield* parts;
    };
    const result: unknown[] = [];
    for await (const slate of groupSlates([file], self, reader, { merge })) result.push(slate);
    return { result, warnings };
  };

  it('takes fields from the first row that has them', async () => {
    const { result, warnings } = await slates(false);
    expect(result).toMatchObject([{ id: 'q', prompt: 'First', weight: 2, responses: [{}, {}, {}, {}] }]);
    expect(warnings).toEqual([]);
  });

  it('merges what rows say of one response, and warns of texts that differ in more than white space', async () => {
    const { result, warnings } = await slates(true);
    const judgements = [
      { judge: 'j', signal: 1 },
      { judge: 'k', signal: 2 },
    ];
    expect(result).toMatchObject([{ responses: [{ id: 'a', text: 'one', signal: 3, judgements }] }]);
    expect(warnings).toEqual(['TEXTS_DIFFER']);
  });
});
