import { z } from 'zod';
import type { ImportContext, RawResponse } from './adapter.js';
import { groupedAdapter } from './grouped-adapter.js';
import { readRecords } from './rows.js';
import { hashName, htmlToText } from './text.js';

const row = z.object({
  Id: z.string(),
  ProductId: z.string(),
  UserId: z.string(),
  HelpfulnessNumerator: z.string().transform(Number),
  HelpfulnessDenominator: z.string().transform(Number),
  Score: z.string(),
  Text: z.string(),
});

/** Amazon Fine Food Reviews (McAuley and Leskovec 2013): query = product, responses = its reviews. */
export const amazonFineFood = groupedAdapter({
  name: 'amazon-fine-food',
  description: 'Amazon Fine Food Reviews: reviews of a product with helpful votes',
  files: 'Reviews.csv',
  promptTemplate: 'Write a review of the food product {id}.',
  options: [
    {
      name: 'signal',
      argument: 'NAME',
      description: 'votes: how many found the review helpful; ratio: their share of all who voted (0 without votes)',
      choices: ['votes', 'ratio'],
      default: 'votes',
    },
    {
      name: 'group',
      argument: 'NAME',
      description: "the author's group: the stars that the author gave, or none",
      choices: ['stars', 'none'],
      default: 'stars',
    },
  ],
  async *rows(file, context) {
    for await (const review of readRecords(file, row, context)) {
      const reason = problem(review);
      if (reason === null) yield [review.ProductId, { responses: [toResponse(review, context)] }];
      else context.drop(reason);
    }
  },
});

type Review = z.output<typeof row>;

function toResponse(review: Review, context: ImportContext): RawResponse {
  const { HelpfulnessNumerator: helpful, HelpfulnessDenominator: votes } = review;
  return {
    id: review.Id,
    text: htmlToText(review.Text),
    signal: context.option('signal') === 'votes' ? helpful : votes === 0 ? 0 : helpful / votes,
    ...(context.option('group') === 'stars' ? { group: review.Score } : {}),
    author: hashName(review.UserId),
  };
}

function problem({
  ProductId,
  Id,
  HelpfulnessNumerator: helpful,
  HelpfulnessDenominator: votes,
}: Review): string | null {
  if (ProductId === '' || Id === '') return 'no-id';
  if (!Number.isInteger(helpful) || !Number.isInteger(votes) || helpful < 0) return 'votes-not-a-number';
  // Known to occur in the full set, and impossible.
  return helpful > votes ? 'more-helpful-votes-than-votes' : null;
}
