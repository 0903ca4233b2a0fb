/** @file Sheets on which people compare the answers of two policies without knowing whose they are. */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { queryText } from '../data/query-text.js';
import type { SlateLog } from '../data/slate.js';
import { DataError } from '../errors.js';
import { Random } from '../estimators/random.js';
import type { Generations } from '../policy/generations.js';

/** One comparison, as a rater sees it. */
export interface RatingItem {
  /** From 1, in the order of the sheet. */
  item: number;
  prompt: string;
  a: readonly string[];
  b: readonly string[];
}

export interface RatingSheet {
  /** Names the sheet in what raters send back. */
  sheet: string;
  items: RatingItem[];
}

export const ratingKey = z.object({
  sheet: z.string(),
  policies: z.tuple([z.string(), z.string()]).describe('Ours, whose wins are counted, and theirs.'),
  seed: z.int(),
  items: z.array(z.object({ item: z.int(), query: z.string(), ours: z.enum(['a', 'b']) })),
});

/** Which side is whose: to be kept from raters. */
export type RatingKey = z.output<typeof ratingKey>;

export interface RatingSheetOptions {
  /** Queries on the sheet, drawn at random. */
  items: number;
  /** Answers of either policy to each, at most; both show the same number. */
  texts: number;
  seed: number;
}

/**
 * Draws queries that both policies answer, their order and the sides; all of it follows from the seed.
 *
 * @throws DataError GENERATIONS_OF_ANOTHER_LOG where no query of the log has answers of both
 */
export async function makeRatingSheet(
  log: SlateLog,
  ours: Generations,
  theirs: Generations,
  { items, texts, seed }: RatingSheetOptions,
): Promise<{ sheet: RatingSheet; key: RatingKey }> {
  const random = new Random(seed);
  const candidates: { order: number; query: string; prompt: string; oursIsA: boolean }[] = [];
  for await (const slate of log) {
    if (!ours.texts.has(slate.id) || !theirs.texts.has(slate.id)) continue;
    const [order, side] = [random.uniform(), random.integer(2)];
    candidates.push({ order, query: slate.id, prompt: queryText(slate), oursIsA: side === 0 });
  }
  if (candidates.length === 0) {
    throw new DataError(
      'GENERATIONS_OF_ANOTHER_LOG',
      `no query of the log has answers of both "${ours.policy}" and "${theirs.policy}"; generate both for this log`,
    );
  }
  const drawn = candidates.toSorted((a, b) => a.order - b.order).slice(0, items);
  const rated = drawn.map(({ query, prompt, oursIsA }, i): RatingItem => {
    const sets = [ours, theirs].map((policy) => policy.texts.get(query)!);
    const shown = Math.min(texts, ...sets.map((set) => set.length));
    const [own, other] = sets.map((set) => set.slice(0, shown)) as [string[], string[]];
    return { item: i + 1, prompt, a: oursIsA ? own : other, b: oursIsA ? other : own };
  });
  const sheet = createHash('sha256').update(JSON.stringify(rated)).digest('hex').slice(0, 12);
  const key: RatingKey = {
    sheet,
    policies: [ours.policy, theirs.policy],
    seed,
    items: drawn.map(({ query, oursIsA }, i) => ({ item: i + 1, query, ours: oursIsA ? 'a' : 'b' })),
  };
  return { sheet: { sheet, items: rated }, key };
}
