import { describe, expect, it } from 'vitest';
import type { RawResponse } from '../../src/data/adapters/adapter.js';
import { applyRules, type SlateRules } from '../../src/data/slate-rules.js';

const lenient: SlateRules = {
  minSlate: 1,
  maxSlate: Number.POSITIVE_INFINITY,
  cut: 'sample',
  duplicates: 'drop',
  deleted: 'drop',
};

function run(responses: RawResponse[], rules: Partial<SlateRules> = {}, id = 'q') {
  const dropped: Record<string, number> = {};
  const kept = applyRules({ id, responses }, { ...lenient, ...rules }, (reason, count) => {
    dropped[reason] = (dropped[reason] ?? 0) + count;
  });
  return { ids: kept.map((response) => response.id), dropped };
}

const many: RawResponse[] = Array.from({ length: 40 }, (_, i) => ({ id: `r${i}`, text: `t${i}`, signal: i % 10 }));

describe('applyRules', () => {
  it('drops empty, deleted and duplicate texts and duplicate ids, each with its reason', () => {
    const responses: RawResponse[] = [
      { id: 'a', text: 'one  two' },
      { id: 'b', text: ' \n' },
      { id: 'c', text: '[Deleted]' },
      { id: 'd', text: ' one\ntwo ' },
      { id: 'e', text: 'gone', deleted: true },
      { id: 'a', text: 'other' },
      { id: 'f', text: 'see [deleted]' },
    ];
    expect(run(responses)).toEqual({
      ids: ['a', 'f'],
      dropped: { 'empty-text': 1, 'deleted-text': 2, 'duplicate-text': 1, 'duplicate-id': 1 },
    });
    expect(run(responses, { duplicates: 'keep', deleted: 'keep' })).toEqual({
      ids: ['a', 'c', 'd', 'e', 'f'],
      dropped: { 'empty-text': 1, 'duplicate-id': 1 },
    });
  });

  it('cuts large slates to a sample that does not look at the signal', () => {
    const { ids, dropped } = run(many, { maxSlate: 10 });
    expect(dropped).toEqual({ 'above-max-slate': 30 });
    expect(ids).toHaveLength(10);
    expect(ids).toEqual(many.map(({ id }) => id).filter((id) => ids.includes(id)));
    expect(
      run(
        many.map((response) => ({ ...response, signal: 0 })),
        { maxSlate: 10 },
      ).ids,
    ).toEqual(ids);
    expect(run([...many].reverse(), { maxSlate: 10 }).ids.reverse()).toEqual(ids);
    expect(run(many, { maxSlate: 10 }, 'another query').ids).not.toEqual(ids);
  });

  it('cuts to the best where asked, by signal, else by rank, those without last', () => {
    expect(run(many, { maxSlate: 4, cut: 'top' }).ids).toEqual(['r9', 'r19', 'r29', 'r39']);
    const ranked = [
      { id: 'a', text: 'x' },
      { id: 'b', text: 'y', rank: 2 },
      { id: 'c', text: 'z', rank: 1 },
    ];
    expect(run(ranked, { maxSlate: 2, cut: 'top' }).ids).toEqual(['b', 'c']);
  });
});
