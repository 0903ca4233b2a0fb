import { describe, expect, it } from 'vitest';
import { importRaw } from '../../helpers/run-adapter.js';

const row = (attribute: string, gold_distribution: number[]) => {
  return { question: 'Question: Why?\nAnswer:', options: ['Yes', 'No'], attribute, gold_distribution, id: 1 };
};

describe('opinionqa and globalopinionqa', () => {
  it('make the answers of a question responses and every group a judge', async () => {
    for (const adapter of ['opinionqa', 'globalopinionqa']) {
      const json = JSON.stringify([row('Spain', [0.25, 0.75]), row('Japan', [1, 0]), row('Peru', [1])]);
      const { report, slates } = await importRaw(adapter, { json });
      const share = (group: string, signal: number) => ({ judge: group, group, signal });
      expect(slates).toMatchObject([
        {
          prompt: 'Question: Why?\nAnswer:',
          responses: [
            { id: '0', text: 'Yes', opinion: 'Yes', judgements: [share('Spain', 0.25), share('Japan', 1)] },
            { id: '1', text: 'No', opinion: 'No', judgements: [share('Spain', 0.75), share('Japan', 0)] },
          ],
        },
      ]);
      expect(report).toMatchObject({ rows: 3, responses: { read: 3, kept: 2, dropped: { 'malformed-row': 1 } } });
    }
  });
});

describe('moralchoice', () => {
  it('takes the shares as signals', async () => {
    const { slates } = await importRaw('moralchoice', { json: JSON.stringify([row('high_ambiguity', [0.5, 0.5])]) });
    expect(slates).toMatchObject([
      {
        ambiguity: 'high_ambiguity',
        responses: [
          { text: 'Yes', signal: 0.5 },
          { text: 'No', signal: 0.5 },
        ],
      },
    ]);
  });
});

describe('valueprism', () => {
  it('makes explanations the opinions of values, and the stances of values judgements', async () => {
    const { slates } = await importRaw('valueprism', {
      'overton.json': JSON.stringify([
        { situation: 'lying', vrd: ['Honesty', 'Honesty'], explanation: ['It deceives.', 'It hides.'], id: 1 },
      ]),
      'steerable.json': JSON.stringify([
        { situation: 'lying', vrd: 'Honesty', label_text: 'Opposes', label: 'B', id: 2 },
        { situation: 'lying', vrd: 'Kindness', label_text: 'Either', label: 'C', id: 3 },
      ]),
    });
    const judged = (honesty: number, kindness: number) => [
      { judge: 'Honesty', group: 'Honesty', signal: honesty },
      { judge: 'Kindness', group: 'Kindness', signal: kindness },
    ];
    expect(slates).toMatchObject([
      {
        prompt: 'lying',
        responses: [
          { text: 'It deceives.', opinion: 'Honesty' },
          { text: 'It hides.', opinion: 'Honesty' },
        ],
      },
      {
        prompt: 'lying',
        responses: [
          { text: 'Supports', judgements: judged(0, 0) },
          { text: 'Opposes', opinion: 'Opposes', judgements: judged(1, 0) },
          { text: 'Either', judgements: judged(0, 1) },
        ],
      },
    ]);
    expect(new Set(slates.map(({ id }) => id)).size).toBe(2);
  });
});
