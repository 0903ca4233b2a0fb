/** What an evaluation does with a target that was trained on queries of the log. */
import { describe, expect, it } from 'vitest';
import { LoggedDataset } from '../../src/data/dataset.js';
import type { Slate } from '../../src/data/slate.js';
import type { Split } from '../../src/data/split.js';
import { evaluate } from '../../src/estimators/evaluate.js';
import type { EvaluateOptions } from '../../src/estimators/options.js';
import { tabularWorld } from '../../src/experiments/worlds/tabular.js';

const world = tabularWorld({ seed: 2 });
const slates = world.sample(40);
const logging = world.policy('logging');
const roles = new Map<string, Split>(
  slates.map(({ id }, i) => [id, (['train', 'validation', 'test'] as const)[i % 3]!]),
);
/** The policy as one whose run had these splits. */
const trained = (splitOf: (slate: Slate) => Split = ({ id }) => roles.get(id)!) =>
  Object.assign(world.policy('target'), { splitOf });

const run = (log: ConstructorParameters<typeof Array>[0] | LoggedDataset, changes: Partial<EvaluateOptions> = {}) =>
  evaluate(log as LoggedDataset, { target: trained(), logging, resamples: 50, reward: 'identity', ...changes });
const codes = (result: { warnings: readonly { code: string }[] }) =>
  result.warnings.map(({ code }) => code).filter((code) => code === 'TRAINED_ON' || code === 'HELD_OUT');

describe('a target that was trained', () => {
  it('is evaluated on the queries that its run held out', async () => {
    const held = slates.filter(({ id }) => roles.get(id) === 'test');
    const result = await run(LoggedDataset.fromSlates(slates));
    const wanted = await run(LoggedDataset.fromSlates(held), { target: world.policy('target') });
    expect(result.queries).toBe(13);
    expect(result.estimates).toEqual(wanted.estimates);
    expect(codes(result)).toEqual(['HELD_OUT']);
    expect(result.warnings[0]!.message).toMatch(/only the 13 queries .* 27 were left out/);
    expect(codes(wanted)).toEqual([]);
  });

  it('is evaluated on all queries where that is asked for, with a warning', async () => {
    const result = await run(LoggedDataset.fromSlates(slates), { allQueries: true });
    expect(result.queries).toBe(40);
    expect(codes(result)).toEqual(['TRAINED_ON']);
    expect(result.warnings[0]!.message).toMatch(/trained on 14 of these 40 queries/);
  });

  it('is evaluated on a split that the log was opened with, with a warning where it touches training queries', async () => {
    const validation = LoggedDataset.fromSlates(slates, { split: 'validation', splitRatio: [0, 1, 0] });
    expect(await run(validation).then(({ queries }) => queries)).toBe(40);
    expect(codes(await run(validation))).toEqual(['TRAINED_ON']);
    const target = trained(() => 'validation');
    expect(codes(await run(validation, { target }))).toEqual([]);
  });

  it('is refused where nothing was held out', async () => {
    const everything = run(LoggedDataset.fromSlates(slates), { target: trained(() => 'train') });
    await expect(everything).rejects.toMatchObject({ code: 'NOTHING_HELD_OUT', exitCode: 3 });
    await expect(everything).rejects.toThrow(/all 40 queries .* --split all/);
  });
});
