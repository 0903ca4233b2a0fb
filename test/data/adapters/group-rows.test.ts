import { readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { describe, expect, it } from 'vitest';
import { groupRows } from '../../../src/data/adapters/group-rows.js';

type Row = { text: string };
const rows: [string, Row][] = Array.from({ length: 3000 }, (_, i) => [`key ${(i * 7) % 500}\n"`, { text: `ü\n${i}` }]);

async function* stream(items: [string, Row][]) {
  yield* items;
}

async function groups(maxCharacters?: number): Promise<Map<string, Row[]>> {
  const result = new Map<string, Row[]>();
  for await (const [key, group] of groupRows(stream(rows), maxCharacters)) {
    expect(result.has(key)).toBe(false);
    result.set(key, group);
  }
  return result;
}

const temporaryFolders = async () => (await readdir(tmpdir())).filter((name) => name.startsWith('pope-import-')).length;

describe('groupRows', () => {
  it('keeps the order of keys and rows in memory', async () => {
    const result = await groups();
    expect([...result.keys()]).toEqual([...new Set(rows.map(([key]) => key))]);
    for (const [key, group] of result)
      expect(group).toEqual(rows.filter(([other]) => other === key).map(([, row]) => row));
  });

  it('gives the same groups through temporary files, which it removes', async () => {
    const before = await temporaryFolders();
    const inMemory = await groups();
    for (const maxCharacters of [0, 1000, 60_000]) {
      const spilled = await groups(maxCharacters);
      expect(spilled.size).toBe(500);
      for (const [key, group] of spilled) expect(group).toEqual(inMemory.get(key));
    }
    for await (const _ of groupRows(stream(rows), 1000)) break;
    expect(await temporaryFolders()).toBe(before);
  });
});
