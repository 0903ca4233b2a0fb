import { z } from 'zod';
import type { InputFile } from '../input.js';
import type { ImportContext } from './adapter.js';
import { key, number } from './fields.js';
import type { SlatePart } from './group-rows.js';
import { groupedAdapter } from './grouped-adapter.js';
import { checkRow, type Row, readRows } from './rows.js';

const question = z.object({ question_id: key, text: z.string(), category: z.string().optional() });

const answer = z.object({ question_id: key, answer_id: key, model_id: z.string(), text: z.string() });

const review = z.object({
  question_id: key,
  review_id: key,
  answer1_id: key,
  answer2_id: key,
  score: z.tuple([number, number]),
});

/** The evaluation of Vicuna (Chiang et al. 2023): query = question, responses = the models' answers. */
export const vicunaEval = groupedAdapter({
  name: 'vicuna-eval',
  description:
    'the evaluation of Vicuna: answers of several models; every review is a judge who gives two of them 1 to 10',
  files: 'question.jsonl, answer/*.jsonl and review/**/*.jsonl, in any order',
  promptTemplate: 'Question {id}',
  merge: true,
  judged: true,
  async *rows(file, context) {
    for await (const row of readRows(file, ['question_id'], context)) {
      const part = toPart(row, file, context);
      if (part !== null) yield part;
    }
  },
});

function toPart(row: Row, file: InputFile, context: ImportContext): [question: string, part: SlatePart] | null {
  if ('review_id' in row) {
    const given = checkRow(row, review, file, context);
    if (given === null) return null;
    const judgement = (signal: number) => [{ judge: given.review_id, signal }];
    const [first, second] = given.score;
    const responses = [
      { id: given.answer1_id, judgements: judgement(first) },
      { id: given.answer2_id, judgements: judgement(second) },
    ];
    return [given.question_id, { responses }];
  }
  if ('answer_id' in row) {
    const given = checkRow(row, answer, file, context);
    if (given === null) return null;
    const { question_id, answer_id: id, model_id: model, text } = given;
    return [question_id, { responses: [{ id, text, model }] }];
  }
  const given = checkRow(row, question, file, context);
  if (given === null) return null;
  const { question_id, text: prompt, category } = given;
  return [question_id, { query: { prompt, ...(category === undefined ? {} : { category }) } }];
}
