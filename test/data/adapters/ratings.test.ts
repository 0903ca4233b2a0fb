import { describe, expect, it } from 'vitest';
import { importRaw } from '../../helpers/run-adapter.js';

describe('ultrafeedback', () => {
  const completion = (model: string, ratings: [string, string, string, string], overall: number) => ({
    model,
    response: `By ${model}`,
    overall_score: overall,
    annotations: {
      helpfulness: { Rating: ratings[0], Type: ['1'] },
      honesty: { Rating: ratings[1] },
      instruction_following: { Rating: ratings[2] },
      truthfulness: { Rating: ratings[3] },
    },
  });
  const row = {
    source: 'evol_instruct',
    instruction: 'Describe rain.',
    completions: [completion('a', ['4', 'N/A', '3', '5'], 10), completion('b', ['5', '5', '5', '5'], 8.5)],
  };

  it('keeps the ratings of each aspect, without those that are none', async () => {
    const { slates } = await importRaw('ultrafeedback', { jsonl: [row] });
    const rated = (aspect: string, signal: number) => ({ judge: aspect, group: aspect, signal });
    expect(slates).toMatchObject([
      {
        prompt: 'Describe rain.',
        source: 'evol_instruct',
        responses: [
          {
            id: '0',
            text: 'By a',
            model: 'a',
            judgements: [rated('helpfulness', 4), rated('instruction_following', 3), rated('truthfulness', 5)],
          },
          { id: '1', judgements: [rated('helpfulness', 5), {}, {}, {}] },
        ],
      },
    ]);
  });

  it('offers the overall score', async () => {
    const { slates } = await importRaw('ultrafeedback', { jsonl: [row] }, { adapterOptions: { signal: 'overall' } });
    expect(slates[0]!.responses.map(({ signal, judgements }) => [signal, judgements])).toEqual([
      [10, undefined],
      [8.5, undefined],
    ]);
  });
});

describe('grade-dialogue', () => {
  it('groups responses to one context with the scores of their raters', async () => {
    const row = (ID: number, Response: string, HumanScores: string) => {
      return { ID, Dataset: 'convai2', DialogModel: 'm', Context: 'hi .|||who are you ?', Response, HumanScores };
    };
    const { report, slates } = await importRaw('grade-dialogue', {
      json: JSON.stringify([row(1, 'me .', '[1, 5]'), row(2, 'you .', '[3]'), row(3, 'x', 'none')]),
    });
    expect(slates).toMatchObject([
      {
        dataset: 'convai2',
        messages: [
          { role: 'assistant', content: 'hi .' },
          { role: 'user', content: 'who are you ?' },
        ],
        responses: [
          { id: '1', text: 'me .', model: 'm', judgements: [{ signal: 1 }, { signal: 5 }] },
          { id: '2', text: 'you .', model: 'm', judgements: [{ signal: 3 }] },
        ],
      },
    ]);
    expect(report.responses.dropped).toEqual({ 'malformed-row': 1 });
  });
});
