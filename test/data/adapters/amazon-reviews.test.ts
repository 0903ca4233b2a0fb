import { describe, expect, it } from 'vitest';
import { hashName } from '../../../src/data/adapters/text.js';
import { importRaw } from '../../helpers/run-adapter.js';

const review2023 = (fields: object) => ({
  rating: 4,
  title: 'T',
  text: 'Fine',
  asin: 'V',
  parent_asin: 'P1',
  user_id: 'U',
  timestamp: 1,
  helpful_vote: 0,
  verified_purchase: false,
  ...fields,
});
const reviews = [
  review2023({ text: 'Quiet &amp; slow<br />twice', helpful_vote: 7, verified_purchase: true }),
  review2023({ text: 'Boring', rating: 1 }),
  review2023({ text: 'No item', parent_asin: 'P2', helpful_vote: 2 }),
  review2023({ text: 'Other', parent_asin: 'P2' }),
  review2023({ helpful_vote: 'many' }),
];
const items = [
  {
    parent_asin: 'P1',
    title: 'The Lamp',
    description: ['Of a <b>keeper</b>.', 'Drama.'],
    average_rating: 4,
    price: null,
  },
  { parent_asin: 'P3', title: 'Nobody reviewed it', description: [] },
  { parent_asin: 'P4' },
];

describe('amazon-reviews-2023', () => {
  it('joins reviews with title and description of their item, in any order of the files', async () => {
    const orders = [
      { 'Films.jsonl': reviews, 'meta_Films.jsonl': items },
      { 'meta_Films.jsonl': items, 'Films.jsonl': reviews },
    ];
    for (const [index, files] of orders.entries()) {
      const { report, slates } = await importRaw('amazon-reviews-2023', files);
      const id = (row: number) => (index === 0 ? String(row) : `2.${row}`);
      expect(slates.map(({ id }) => id).sort()).toEqual(['P1', 'P2']);
      expect(slates.find(({ id }) => id === 'P1')).toEqual({
        id: 'P1',
        prompt: 'The Lamp\n\nOf a keeper. Drama.',
        responses: [
          { id: id(1), text: 'Quiet & slow\ntwice', signal: 7, group: '4', author: hashName('U') },
          { id: id(2), text: 'Boring', signal: 0, group: '1', author: hashName('U') },
        ],
      });
      expect(slates.find(({ id }) => id === 'P2')!.prompt).toBe('Write a review of the product P2.');
      expect(report).toMatchObject({
        rows: 8,
        queries: { read: 3, kept: 2, dropped: { 'below-min-slate': 1 } },
        responses: { read: 6, kept: 4, dropped: { 'malformed-row': 2 } },
      });
      expect(report.warnings.map(({ code }) => code).sort()).toEqual(['MALFORMED_ROWS', 'NO_PROMPT_TEXT']);
    }
  });

  it('offers other groups', async () => {
    const groups = async (group: string) => {
      const { slates } = await importRaw('amazon-reviews-2023', { r: reviews }, { adapterOptions: { group } });
      return slates[0]!.responses.map((response) => response.group);
    };
    expect(await groups('verified')).toEqual(['verified', 'not verified']);
    expect(await groups('none')).toEqual([undefined, undefined]);
  });
});

describe('amazon-reviews-2018', () => {
  it('reads votes with commas, and none where the field is absent', async () => {
    const review = { overall: 5, verified: true, reviewerID: 'R', asin: 'A', unixReviewTime: 1 };
    const { report, slates } = await importRaw('amazon-reviews-2018', {
      'Fashion_5.json': [
        { ...review, reviewText: 'Great', vote: '1,234' },
        { ...review, reviewText: 'Bad', overall: 1 },
        review,
      ],
      'meta_Fashion.json': [{ asin: 'A', title: 'Shoes', description: 'Red ones' }],
    });
    expect(slates).toMatchObject([
      {
        id: 'A',
        prompt: 'Shoes\n\nRed ones',
        responses: [
          { id: '1', signal: 1234, group: '5' },
          { id: '2', signal: 0, group: '1' },
        ],
      },
    ]);
    expect(report.responses.dropped).toEqual({ 'empty-text': 1 });
  });
});
