import type { InputFile } from '../input.js';
import type { Adapter, ImportContext, RawResponse } from './adapter.js';
import { groupRows } from './group-rows.js';
import { readCsvRows } from './rows.js';
import { hashName, htmlToText } from './text.js';

const COLUMNS = ['Id', 'ProductId', 'UserId', 'HelpfulnessNumerator', 'HelpfulnessDenominator', 'Score', 'Text'];

/** Amazon Fine Food Reviews (McAuley and Leskovec 2013): query = product, responses = its reviews. */
export const amazonFineFood: Adapter = {
  name: 'amazon-fine-food',
  description: 'Amazon Fine Food Reviews: reviews of a product with helpful votes',
  files: 'Reviews.csv (also .gz)',
  minSlate: 2,
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
  async *read(files, context) {
    for await (const [id, responses] of groupRows(reviews(files, context))) yield { id, responses };
  },
};

async function* reviews(
  files: readonly InputFile[],
  context: ImportContext,
): AsyncGenerator<[product: string, review: RawResponse]> {
  for (const file of files) {
    for await (const row of readCsvRows(file, COLUMNS, context)) {
      const helpful = Number(row.HelpfulnessNumerator);
      const votes = Number(row.HelpfulnessDenominator);
      const reason = problem(row, helpful, votes);
      if (reason !== null) {
        context.drop(reason);
        continue;
      }
      yield [
        row.ProductId!,
        {
          id: row.Id!,
          text: htmlToText(row.Text!),
          signal: context.option('signal') === 'votes' ? helpful : votes === 0 ? 0 : helpful / votes,
          ...(context.option('group') === 'stars' ? { group: row.Score! } : {}),
          author: hashName(row.UserId!),
        },
      ];
    }
  }
}

function problem(row: Record<string, string>, helpful: number, votes: number): string | null {
  if (row.ProductId === '' || row.Id === '') return 'no-id';
  if (!Number.isInteger(helpful) || !Number.isInteger(votes) || helpful < 0) return 'votes-not-a-number';
  // Known to occur in the full set, and impossible.
  return helpful > votes ? 'more-helpful-votes-than-votes' : null;
}
