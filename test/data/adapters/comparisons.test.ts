import { describe, expect, it } from 'vitest';
import { importRaw } from '../../helpers/run-adapter.js';

describe('hh-rlhf', () => {
  it('splits two dialogues into what they share and their last turns', async () => {
    const start = '\n\nHuman: Hi\n\nAssistant: Hello:\n\nwhat?\n\nHuman: Why?';
    const { report, slates } = await importRaw('hh-rlhf', {
      jsonl: [
        { chosen: `${start}\n\nAssistant: Because.`, rejected: `${start}\n\nAssistant: No.` },
        { chosen: `${start}\n\nAssistant: Because.`, rejected: '\n\nHuman: Other\n\nAssistant: No.' },
        { chosen: start, rejected: start },
      ],
    });
    expect(slates).toEqual([
      {
        id: '1',
        cluster: expect.stringMatching(/^[0-9a-f]{16}$/),
        messages: [
          { role: 'user', content: 'Hi' },
          { role: 'assistant', content: 'Hello:\n\nwhat?' },
          { role: 'user', content: 'Why?' },
        ],
        responses: [
          { id: 'chosen', text: 'Because.', signal: 1 },
          { id: 'rejected', text: 'No.', signal: 0 },
        ],
      },
    ]);
    expect(report.responses.dropped).toEqual({ 'no-two-answers-to-one-dialogue': 4 });
  });
});

describe('pandalm', () => {
  const comparison = (models: string, texts: [string, string], verdicts: [number, number, number]) => ({
    cmp_key: models,
    instruction: 'Rewrite.',
    input: 'It be.',
    response1: texts[0],
    response2: texts[1],
    annotator1: verdicts[0],
    annotator2: verdicts[1],
    annotator3: verdicts[2],
  });
  const won = (annotator: string, loser: string) => ({ judge: annotator, group: annotator, winsOver: [loser] });

  it('rebuilds the pool of models from the pairs', async () => {
    const { slates } = await importRaw('pandalm', {
      json: JSON.stringify([
        comparison('a-7b_b-1', ['It is.', 'It are.'], [1, 0, 1]),
        comparison('b-1_c', ['It are.', 'Is.'], [2, 1, 2]),
      ]),
    });
    expect(slates).toMatchObject([
      {
        prompt: 'Rewrite.\nIt be.',
        responses: [
          { id: 'a-7b', text: 'It is.', judgements: [won('annotator1', 'b-1'), won('annotator3', 'b-1')] },
          { id: 'b-1', text: 'It are.', judgements: [won('annotator2', 'c')] },
          { id: 'c', text: 'Is.', judgements: [won('annotator1', 'b-1'), won('annotator3', 'b-1')] },
        ],
      },
    ]);
  });

  it('leaves comparisons with dropped responses out', async () => {
    const { report, slates } = await importRaw('pandalm', {
      json: JSON.stringify([
        comparison('a_b', ['Same.', 'Same.'], [1, 2, 1]),
        comparison('a_c', ['Same.', 'Other.'], [2, 2, 1]),
      ]),
    });
    expect(slates[0]!.responses).toEqual([
      { id: 'a', text: 'Same.', judgements: [won('annotator3', 'c')] },
      { id: 'c', text: 'Other.', judgements: [won('annotator1', 'a'), won('annotator2', 'a')] },
    ]);
    expect(report.responses.dropped).toEqual({ 'duplicate-text': 1 });
  });
});
