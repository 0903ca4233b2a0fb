import { z } from 'zod';
import type { Adapter, AdapterOption, ImportContext, RawResponse } from './adapter.js';
import { key, number, paragraphs, rowId } from './fields.js';
import type { SlatePart } from './group-rows.js';
import { groupedAdapter } from './grouped-adapter.js';
import { checkRow, readRows } from './rows.js';
import { hashName, htmlToText } from './text.js';

/** A review in either layout. */
interface Review {
  item: string;
  user: string;
  text: string;
  votes: number;
  stars: number;
  verified: boolean;
}

const lines = z.union([z.string(), z.array(z.string())]).nullish();

const review2023 = z
  .object({
    parent_asin: key,
    user_id: key,
    text: z.string(),
    rating: number,
    helpful_vote: number.optional(),
    /** As some mirrors call it. */
    helpful_votes: number.optional(),
    verified_purchase: z.boolean().nullish(),
  })
  .refine((row) => row.helpful_vote !== undefined || row.helpful_votes !== undefined, {
    error: 'expected helpful_vote',
  })
  .transform(
    (row): Review => ({
      item: row.parent_asin,
      user: row.user_id,
      text: row.text,
      votes: (row.helpful_vote ?? row.helpful_votes)!,
      stars: row.rating,
      verified: row.verified_purchase === true,
    }),
  );

const review2018 = z
  .object({
    asin: key,
    reviewerID: key,
    /** Absent where a customer gave stars only. */
    reviewText: z.string().optional(),
    overall: number,
    /** Absent where nobody voted. */
    vote: number.optional(),
    verified: z.boolean().nullish(),
  })
  .transform(
    (row): Review => ({
      item: row.asin,
      user: row.reviewerID,
      text: row.reviewText ?? '',
      votes: row.vote ?? 0,
      stars: row.overall,
      verified: row.verified === true,
    }),
  );

const item = z.looseObject({ title: z.string(), description: lines });

const GROUP: AdapterOption = {
  name: 'group',
  argument: 'NAME',
  description: "the author's group: the stars given, whether the purchase is verified, or none",
  choices: ['stars', 'verified', 'none'],
  default: 'stars',
};

/** Amazon Reviews 2023 (Hou et al. 2024): query = title and description of an item with all its variants. */
export const amazonReviews2023 = amazonReviews('2023', review2023, 'rating', 'parent_asin');

/** Amazon review data 2018 (Ni, Li and McAuley 2019). */
export const amazonReviews2018 = amazonReviews('2018', review2018, 'overall', 'asin');

/** @param mark a field that every review has and no item */
function amazonReviews(year: string, review: z.ZodType<Review>, mark: string, itemKey: string): Adapter {
  const itemOfKey = item.refine((row) => key.safeParse(row[itemKey]).success, { error: `expected ${itemKey}` });
  return groupedAdapter({
    name: `amazon-reviews-${year}`,
    description: `Amazon Reviews ${year}: reviews of an item with helpful votes, joined with the items`,
    files: 'reviews and their meta_ files, in any order (.jsonl)',
    promptTemplate: 'Write a review of the product {id}.',
    options: [GROUP],
    async *rows(file, context, index) {
      let number = 0;
      for await (const row of readRows(file, [itemKey], context)) {
        number++;
        if (mark in row) {
          const given = checkRow(row, review, file, context);
          if (given !== null) yield [given.item, { responses: [toResponse(given, rowId(index, number), context)] }];
        } else {
          const given = checkRow(row, itemOfKey, file, context);
          if (given !== null) yield [String(row[itemKey]), toQuery(given)];
        }
      }
    },
  });
}

function toQuery({ title, description }: z.output<typeof item>): SlatePart {
  const prompt = paragraphs(title, htmlToText([description ?? []].flat().join('\n')));
  return prompt === '' ? {} : { query: { prompt } };
}

function toResponse({ text, votes, stars, verified, user }: Review, id: string, context: ImportContext): RawResponse {
  const group = context.option('group');
  return {
    id,
    text: htmlToText(text),
    signal: votes,
    ...(group === 'stars' ? { group: String(stars) } : {}),
    ...(group === 'verified' ? { group: verified ? 'verified' : 'not verified' } : {}),
    author: hashName(user),
  };
}
