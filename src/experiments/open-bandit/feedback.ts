/** @file The Open Bandit data (Saito, Aihara, Matsutani & Narita, NeurIPS 2021 Datasets and Benchmarks) as it is published. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { readRows } from '../../data/adapters/rows.js';
import { openInput } from '../../data/input.js';
import { DataError } from '../../errors.js';

export const BANDIT_POLICIES = ['random', 'bts'] as const;
/** Uniform, or Bernoulli Thompson sampling. */
export type BanditPolicy = (typeof BANDIT_POLICIES)[number];

export interface BanditFeedback {
  /** [n] */
  item: Int32Array;
  /** [n], from 0. */
  position: Int32Array;
  /** [n], 0 or 1. */
  click: Float64Array;
  /** [n], the true probability of the item at its position when it was chosen. */
  propensity: Float64Array;
  items: number;
  positions: number;
  /** [items * width], of `item_context.csv`: the number, then indicators of the categories with few values. */
  itemFeatures: Float64Array;
}

const impression = z.object({
  item_id: z.coerce.number().int().nonnegative(),
  position: z.coerce.number().int().positive(),
  click: z.enum(['0', '1']).transform(Number),
  propensity_score: z.coerce.number().positive().max(1),
});
const itemRow = z.object({
  item_id: z.coerce.number().int().nonnegative(),
  item_feature_0: z.coerce.number(),
  item_feature_1: z.string(),
  item_feature_3: z.string(),
});

/**
 * The log of one policy: FOLDER/POLICY/CAMPAIGN/CAMPAIGN.csv, or .csv.gz, with item_context.csv beside it.
 *
 * @throws DataError INPUT_NOT_FOUND, INPUT_INVALID
 */
export async function readFeedback(folder: string, policy: BanditPolicy, campaign: string): Promise<BanditFeedback> {
  const place = join(folder, policy, campaign);
  const plain = join(place, `${campaign}.csv`);
  const itemRows = await rowsOf(join(place, 'item_context.csv'), itemRow);
  const rounds = await rowsOf(existsSync(plain) ? plain : `${plain}.gz`, impression);
  const items = itemRows.length;
  const unknown = rounds.find(({ item_id }) => item_id >= items);
  if (unknown) {
    throw new DataError(
      'INPUT_INVALID',
      `${place}: a round shows item ${unknown.item_id}, but item_context.csv has ${items} items.`,
    );
  }
  return {
    item: Int32Array.from(rounds, (row) => row.item_id),
    position: Int32Array.from(rounds, (row) => row.position - 1),
    click: Float64Array.from(rounds, (row) => row.click),
    propensity: Float64Array.from(rounds, (row) => row.propensity_score),
    items,
    positions: rounds.reduce((most, { position }) => Math.max(most, position), 0),
    itemFeatures: featuresOf(itemRows.toSorted((a, b) => a.item_id - b.item_id)),
  };
}

async function rowsOf<T extends z.ZodObject>(path: string, schema: T): Promise<z.output<T>[]> {
  const file = await openInput(path, 'INPUT');
  const rows: z.output<T>[] = [];
  const refuse = (message: string): never => {
    throw new DataError('INPUT_INVALID', `${path}: ${message}`);
  };
  const context = { onRow: () => {}, drop: refuse, warn: (_: string, message: string) => refuse(message) };
  for await (const row of readRows(file, Object.keys(schema.shape), context)) {
    const { data, error } = schema.safeParse(row);
    if (error) refuse(`row ${rows.length + 1}: ${error.issues[0]!.path.join('.')}: ${error.issues[0]!.message}`);
    rows.push(data!);
  }
  return rows.length > 0 ? rows : refuse('expected at least one row, got none');
}

function featuresOf(rows: readonly z.output<typeof itemRow>[]): Float64Array {
  const categories = (['item_feature_1', 'item_feature_3'] as const).flatMap((name) =>
    [...new Set(rows.map((row) => row[name]))].map((value) => ({ name, value })),
  );
  return Float64Array.from(
    rows.flatMap((row) => [row.item_feature_0, ...categories.map(({ name, value }) => Number(row[name] === value))]),
  );
}
