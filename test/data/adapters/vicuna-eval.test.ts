import { expect, it } from 'vitest';
import { importRaw } from '../../helpers/run-adapter.js';

it('vicuna-eval: answers with the scores of their reviews', async () => {
  const answer = (id: string) => ({ question_id: 1, answer_id: id, model_id: `model ${id}`, text: `Text ${id}` });
  const review = (review_id: string, answer2_id: string, score: unknown) => {
    return { review_id, question_id: 1, answer1_id: 'a', answer2_id, reviewer_id: 1, text: '8 9', score };
  };
  const { report, slates } = await importRaw('vicuna-eval', {
    'review.jsonl': [review('r', 'b', [8, 9]), review('s', 'c', [7, 5]), review('t', 'b', ['?'])],
    'answer.jsonl': [answer('a'), answer('b')],
    'question.jsonl': [{ question_id: 1, text: 'How?', category: 'generic' }],
    'prompt.jsonl': [{ prompt_id: 1 }],
  });
  const judged = (judge: string, signal: number) => ({ judge, signal });
  expect(slates).toEqual([
    {
      id: '1',
      prompt: 'How?',
      category: 'generic',
      responses: [
        { id: 'a', text: 'Text a', model: 'model a', judgements: [judged('r', 8), judged('s', 7)] },
        { id: 'b', text: 'Text b', model: 'model b', judgements: [judged('r', 9)] },
      ],
    },
  ]);
  // Of answer c there is a review only.
  expect(report.responses.dropped).toEqual({ 'malformed-row': 2, 'empty-text': 1 });
});
