/** @file What raters preferred: their filled-in sheets, with the sides unblinded by the key. */

import { parse } from 'csv-parse/sync';
import { z } from 'zod';
import { DataError, describeError, describeValue } from '../errors.js';
import { parseForeignJson } from '../files/json.js';
import { readWholeText } from '../files/text.js';
import { type MeasuredMean, meanWithInterval } from '../metrics/mean-with-interval.js';
import { type RatingKey, ratingKey } from './rating-sheet.js';

export interface Ratings {
  policies: RatingKey['policies'];
  raters: number;
  /** Ratings in all, and items that a rater left empty. */
  rated: number;
  empty: number;
  /** Of the first policy. */
  wins: number;
  ties: number;
  losses: number;
  /** A win counts 1, a tie 1/2; mean over raters, then over queries, with its interval over queries. */
  winRate: MeasuredMean;
  /** Share of the pairs of raters of one item that say the same; null with fewer than two raters. */
  agreement: number | null;
}

type Choice = 'a' | 'b' | 'tie';

const row = z.object({ sheet: z.string(), item: z.coerce.number().int(), choice: z.string() });

/** @throws DataError RATINGS_INVALID */
export async function readRatingKey(path: string): Promise<RatingKey> {
  try {
    return ratingKey.parse(parseForeignJson(await readText(path)));
  } catch (error) {
    if (error instanceof DataError) throw error;
    throw invalid(
      path,
      `not the key of a rating sheet (${describeError(error)}); "pope export rating-sheet" writes one`,
    );
  }
}

/**
 * Unblinds the sheets that raters sent back, one CSV file each.
 *
 * @throws DataError RATINGS_INVALID naming file and item
 */
export async function countRatings(key: RatingKey, paths: readonly string[]): Promise<Ratings> {
  const sides = new Map(key.items.map(({ item, ours }) => [item, ours]));
  const points = new Map<number, number[]>(key.items.map(({ item }) => [item, []]));
  let empty = 0;
  for (const path of paths) {
    const choices = await readChoices(path, key);
    empty += key.items.length - choices.size;
    for (const [item, choice] of choices) {
      points.get(item)!.push(choice === 'tie' ? 0.5 : choice === sides.get(item) ? 1 : 0);
    }
  }
  const all = [...points.values()];
  const given = all.flat();
  const count = (value: number) => given.filter((each) => each === value).length;
  return {
    policies: key.policies,
    raters: paths.length,
    ...{ rated: given.length, empty, wins: count(1), ties: count(0.5), losses: count(0) },
    winRate: meanWithInterval(all.map((of) => of.reduce((sum, each) => sum + each, 0) / of.length)),
    agreement: agreementOf(all),
  };
}

async function readChoices(path: string, { sheet, items }: RatingKey): Promise<Map<number, Choice>> {
  let rows: unknown[];
  try {
    rows = parse(await readText(path), { columns: true, bom: true, skip_empty_lines: true });
  } catch (error) {
    throw error instanceof DataError ? error : invalid(path, `not CSV (${describeError(error)})`);
  }
  const known = new Set(items.map(({ item }) => item));
  const choices = new Map<number, Choice>();
  for (const [i, each] of rows.entries()) {
    const read = row.safeParse(each);
    if (!read.success) throw invalid(path, `row ${i + 1}: expected the columns sheet, item and choice`);
    const { item, choice: given, sheet: own } = read.data;
    if (own !== sheet) throw invalid(path, `row ${i + 1}: of sheet ${describeValue(own)}, but the key is of ${sheet}`);
    if (!known.has(item) || choices.has(item))
      throw invalid(path, `row ${i + 1}: item ${item} is unknown or there twice`);
    const choice = given.trim().toLowerCase();
    if (choice === '') continue;
    if (choice !== 'a' && choice !== 'b' && choice !== 'tie') {
      throw invalid(path, `row ${i + 1}: choice: expected A, B, tie or nothing, got ${describeValue(given)}`);
    }
    choices.set(item, choice);
  }
  return choices;
}

function agreementOf(items: readonly (readonly number[])[]): number | null {
  let [pairs, alike] = [0, 0];
  for (const ratings of items) {
    for (const [i, rating] of ratings.entries()) {
      for (const other of ratings.slice(i + 1)) {
        pairs++;
        if (rating === other) alike++;
      }
    }
  }
  return pairs === 0 ? null : alike / pairs;
}

async function readText(path: string): Promise<string> {
  return readWholeText(path).catch((error: unknown) => {
    throw invalid(path, `cannot be read: ${describeError(error)}`);
  });
}

function invalid(place: string, problem: string): DataError {
  return new DataError('RATINGS_INVALID', `${place}: ${problem}`);
}
