import { z } from 'zod';
import type { Adapter } from './adapter.js';
import { key, number, paragraphs } from './fields.js';
import { groupedAdapter } from './grouped-adapter.js';
import { readRecords } from './rows.js';

const question = z
  .object({
    q_id: key,
    title: z.string(),
    selftext: z.string(),
    category: z.string().optional(),
    answers: z.object({ a_id: z.array(key), text: z.array(z.string()), score: z.array(number) }),
  })
  .refine(({ answers: { a_id, text, score } }) => a_id.length === text.length && a_id.length === score.length, {
    error: 'answers: expected as many ids as texts and scores',
  });

/** ELI5 (Fan et al. 2019) and ELI5-Category (Gao et al. 2021): query = question, responses = answers. */
export const eli5: Adapter = {
  name: 'eli5',
  description: "Explain Like I'm Five: answers to a question with up minus down votes",
  files: 'JSON arrays or one question per line, or Parquet',
  minSlate: 2,
  promptTemplate: 'Question {id}',
  options: [],
  async *read(files, context) {
    for (const file of files) {
      for await (const { q_id: id, title, selftext, category, answers } of readRecords(file, question, context)) {
        const { a_id, text, score } = answers;
        const responses = a_id.map((id, i) => ({ id, text: text[i]!, signal: score[i]! }));
        yield { id, prompt: paragraphs(title, selftext), responses, ...(category === undefined ? {} : { category }) };
      }
    }
  },
};

const pair = z.object({
  post_id: key,
  domain: z.string(),
  history: z.string(),
  c_root_id_A: key,
  c_root_id_B: key,
  score_A: number,
  score_B: number,
  human_ref_A: z.string(),
  human_ref_B: z.string(),
});

/** Stanford Human Preferences (Ethayarajh et al. 2022): query = post, responses = the comments of all its pairs. */
export const shp = groupedAdapter({
  name: 'shp',
  description: 'Stanford Human Preferences: comments on a post with up minus down votes, gathered from the pairs',
  files: 'pairs: JSON, one per line, or Parquet',
  promptTemplate: 'Post {id}',
  merge: true,
  async *rows(file, context) {
    for await (const row of readRecords(file, pair, context)) {
      const responses = [
        { id: row.c_root_id_A, text: row.human_ref_A, signal: row.score_A },
        { id: row.c_root_id_B, text: row.human_ref_B, signal: row.score_B },
      ];
      yield [row.post_id, { query: { prompt: row.history, domain: row.domain }, responses }];
    }
  },
});
