import { expect, it } from 'vitest';
import { importRaw } from '../../helpers/run-adapter.js';

it('eli5: parallel lists of answers', async () => {
  const question = { q_id: 'q', title: 'Why?', selftext: 'Please.', category: 'Physics' };
  const answers = { a_id: ['a', 'b'], text: ['Because.', 'No idea.'], text_urls: [[], []], score: [5, -1] };
  const { report, slates } = await importRaw('eli5', {
    json: JSON.stringify([
      { ...question, answers },
      { ...question, answers: { ...answers, score: [5] } },
    ]),
  });
  expect(slates).toEqual([
    {
      id: 'q',
      prompt: 'Why?\n\nPlease.',
      category: 'Physics',
      responses: [
        { id: 'a', text: 'Because.', signal: 5 },
        { id: 'b', text: 'No idea.', signal: -1 },
      ],
    },
  ]);
  expect(report.responses.dropped).toEqual({ 'malformed-row': 1 });
});

it('shp: the distinct comments of all pairs of a post', async () => {
  const pair = (a: string, b: string, scores: [number, number]) => ({
    post_id: 'p',
    domain: 'cooking_train',
    history: 'How?',
    c_root_id_A: a,
    c_root_id_B: b,
    score_A: scores[0],
    score_B: scores[1],
    human_ref_A: `Text ${a}`,
    human_ref_B: `Text ${b}`,
    labels: 1,
  });
  const { slates } = await importRaw('shp', { jsonl: [pair('x', 'y', [9, 2]), pair('z', 'x', [1, 9])] });
  expect(slates).toEqual([
    {
      id: 'p',
      prompt: 'How?',
      domain: 'cooking_train',
      responses: [
        { id: 'x', text: 'Text x', signal: 9 },
        { id: 'y', text: 'Text y', signal: 2 },
        { id: 'z', text: 'Text z', signal: 1 },
      ],
    },
  ]);
});
