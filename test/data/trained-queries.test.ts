import { describe, expect, it } from 'vitest';
import type { Split } from '../../src/data/split.js';
import { TrainedQueries, trainedQueriesSchema } from '../../src/data/trained-queries.js';
import fc from '../helpers/properties.js';

const query = (n: number) => ({ id: `q${n}`, prompt: `prompt ${n}` });
const of = (splits: readonly Split[]) =>
  TrainedQueries.of(splits.map((split, n) => [TrainedQueries.hashOf(query(n)), split]));
const splitsOf = (queries: TrainedQueries, count: number) =>
  Array.from({ length: count }, (_, n) => queries.splitOf(query(n)));

describe('trained queries', () => {
  it('know the split of every query, also when read again', () => {
    const splits = fc.array(fc.constantFrom<Split>('train', 'validation', 'test'), { maxLength: 50 });
    fc.assert(
      fc.property(splits, (wanted) => {
        const queries = of(wanted);
        const again = TrainedQueries.parse(trainedQueriesSchema.parse(JSON.parse(JSON.stringify(queries))));
        for (const each of [queries, again]) {
          expect(splitsOf(each, wanted.length + 1)).toEqual([...wanted, 'test']);
        }
      }),
    );
  });

  it('of two runs train where one did, and validate where one did and none trained', () => {
    const first = of(['train', 'train', 'validation', 'validation', 'test', 'test']);
    const second = of(['train', 'validation', 'train', 'test', 'validation', 'test']);
    const wanted = ['train', 'train', 'train', 'validation', 'validation', 'test'];
    expect(splitsOf(first.and(second), 6)).toEqual(wanted);
    expect(splitsOf(second.and(first), 6)).toEqual(wanted);
  });

  it('go by id and text together, not by the responses', () => {
    const messages = [{ role: 'user', content: 'hello' }];
    const chat = { id: 'q0', messages };
    const queries = TrainedQueries.of([query(1), chat].map((each) => [TrainedQueries.hashOf(each), 'train']));
    expect(queries.splitOf({ ...query(1), responses: [] } as never)).toBe('train');
    expect(queries.splitOf({ ...chat, messages: [{ content: 'hello', role: 'user' }] })).toBe('train');
    expect(queries.splitOf({ id: 'q1', prompt: 'another' })).toBe('test');
    expect(queries.splitOf({ id: 'q2', prompt: 'prompt 1' })).toBe('test');
    expect(queries.splitOf({ id: 'q0', prompt: 'hello' })).toBe('test');
  });

  it.each([
    ['characters that are not base64', { train: '*', validation: '' }],
    ['part of a hash', { train: 'AAAA', validation: '' }],
    ['one list', { train: '' }],
  ])('are not read from %s', (_, json) => {
    expect(trainedQueriesSchema.safeParse(json).success).toBe(false);
  });
});
