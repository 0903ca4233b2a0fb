import { describe, expect, it } from 'vitest';
import type { Slate } from '../../src/data/slate.js';
import { countRatings, makeRatingSheet, ratingCsv, ratingHtml, readRatingKey } from '../../src/export/index.js';
import { useTemporaryFolder } from '../helpers/temporary-folder.js';

const folder = useTemporaryFolder();
const HOSTILE = '</li><script>alert(1)</script>';
const slates: Slate[] = Array.from({ length: 40 }, (_, i) => ({
  id: `q${i}`,
  prompt: i === 0 ? HOSTILE : `question ${i}?`,
  responses: [{ id: 'a', text: 'logged' }],
}));
const policy = (name: string, count: number, from = 0) => ({
  policy: name,
  texts: new Map(
    slates.slice(from).map(({ id }) => [id, Array.from({ length: count }, (_, k) => `${name} ${k} of ${id}`)]),
  ),
});
const [ours, theirs] = [policy('ours', 3), policy('theirs', 2, 1)];
async function* log() {
  yield* slates;
}
const make = (seed: number, items = 30) => makeRatingSheet(log(), ours, theirs, { items, texts: 5, seed });

describe('a rating sheet', () => {
  it('is drawn at random with random sides, and names no policy in what raters see of it', async () => {
    const { sheet, key } = await make(1);
    expect(await make(1)).toEqual({ sheet, key });
    expect((await make(2)).sheet.sheet).not.toBe(sheet.sheet);
    expect(sheet.items).toHaveLength(30);
    const ids = key.items.map(({ query }) => query);
    expect(new Set(ids).size).toBe(30);
    // The first query has no answer of one of them.
    expect(ids).not.toContain('q0');
    expect(ids).not.toEqual(ids.toSorted());
    const first = key.items.filter((item) => item.ours === 'a').length;
    expect(first).toBeGreaterThan(5);
    expect(first).toBeLessThan(25);
    for (const [i, { a, b }] of sheet.items.entries()) {
      // As many of either, whatever there is.
      expect([a.length, b.length]).toEqual([2, 2]);
      expect((key.items[i]!.ours === 'a' ? a : b)[0]).toMatch(/^ours 0/);
    }
    expect(Object.keys(sheet)).toEqual(['sheet', 'items']);
  });

  it('keeps text inert as a page, and has a row for each item as a table', async () => {
    const hostile = { ...theirs, texts: new Map([['q0', [HOSTILE]]]) };
    const { sheet } = await makeRatingSheet(log(), ours, hostile, { items: 5, texts: 1, seed: 0 });
    const html = ratingHtml(sheet);
    expect(html.match(/<script>/g)).toHaveLength(1);
    expect(html).toContain("default-src 'none'; script-src 'sha256-");
    expect(html).not.toMatch(/ours"|theirs"/);
    expect(
      ratingCsv((await make(1)).sheet)
        .split('\r\n')
        .filter((line) => /^[0-9a-f]{12},/.test(line)),
    ).toHaveLength(30);
  });

  it('of policies that answer nothing in common is refused', async () => {
    const other = { policy: 'other', texts: new Map([['elsewhere', ['x']]]) };
    const making = makeRatingSheet(log(), ours, other, { items: 5, texts: 1, seed: 0 });
    await expect(making).rejects.toMatchObject({ code: 'GENERATIONS_OF_ANOTHER_LOG' });
  });
});

describe('ratings', () => {
  const write = async (name: string, sheet: string, choices: readonly string[]) => {
    const lines = choices.map((choice, i) => `${sheet},${i + 1},${choice}`);
    return folder.write(name, `sheet,item,choice\r\n${lines.join('\r\n')}\r\n`);
  };

  it('are unblinded, by hand', async () => {
    const { key } = await make(1, 4);
    const path = await folder.write('key.json', JSON.stringify(key));
    const own = key.items.map(({ ours: side }) => side.toUpperCase());
    const other = own.map((side) => (side === 'A' ? 'B' : 'A'));
    const anna = await write('anna.csv', key.sheet, [own[0]!, own[1]!, 'tie', '']);
    const ben = await write('ben.csv', key.sheet, [own[0]!.toLowerCase(), other[1]!, other[2]!, '']);
    const result = await countRatings(await readRatingKey(path), [anna, ben]);
    expect(result).toMatchObject({ raters: 2, rated: 6, empty: 2, wins: 3, ties: 1, losses: 2 });
    expect(result.policies).toEqual(['ours', 'theirs']);
    // (1 + 1/2 + 1/4) / 3 over the queries that somebody rated.
    expect(result.winRate).toMatchObject({ queries: 3, undefinedQueries: 1 });
    expect(result.winRate.value).toBeCloseTo(1.75 / 3, 12);
    expect(result.agreement).toBeCloseTo(1 / 3, 12);
  });

  it.each([
    ['another sheet', 'sheet,item,choice\nother,1,A\n', /of sheet "other"/],
    ['an unknown item', 'sheet,item,choice\nSHEET,9,A\n', /item 9 is unknown/],
    ['an item twice', 'sheet,item,choice\nSHEET,1,A\nSHEET,1,B\n', /item 1 is unknown or there twice/],
    ['another word', 'sheet,item,choice\nSHEET,1,left\n', /expected A, B, tie or nothing, got "left"/],
    ['other columns', 'a,b\n1,2\n', /expected the columns sheet, item and choice/],
  ])('of %s are refused', async (_, content, message) => {
    const { key } = await make(1, 2);
    const path = await folder.write('bad.csv', content.replaceAll('SHEET', key.sheet));
    await expect(countRatings(key, [path])).rejects.toMatchObject({ code: 'RATINGS_INVALID' });
    await expect(countRatings(key, [path])).rejects.toThrow(message);
    await expect(readRatingKey(path)).rejects.toThrow(/not the key of a rating sheet/);
  });
});
