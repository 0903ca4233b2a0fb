import { expect, it } from 'vitest';
import { hashName } from '../../../src/data/adapters/text.js';
import { importRaw } from '../../helpers/run-adapter.js';

it('community-alignment: brings annotators of one prompt together, whatever the order of the responses', async () => {
  const row = (annotator_id: string, country: string, letters: string, preferred: string, more: object = {}) => ({
    annotator_id,
    annotator_country: country,
    annotator_gender: 'female',
    first_turn_prompt: 'How?',
    ...Object.fromEntries(['a', 'b', 'c', 'd'].map((place, i) => [`first_turn_response_${place}`, `Do ${letters[i]}`])),
    first_turn_preferred_response: preferred,
    ...more,
  });
  const second = {
    first_turn_response_a: 'Do w<|end_of_text|>',
    second_turn_prompt: 'Where?',
    second_turn_response_a: 'Here',
    second_turn_response_b: 'There',
    second_turn_response_c: 'Near',
    second_turn_response_d: 'Far',
    second_turn_preferred_response: 'd',
  };
  const rows = [
    row('1', 'US', 'wxyz', 'response_a', second),
    row('2', 'India', 'zyxw', 'response_a'),
    row('3', 'India', 'wxyz', ''),
  ];
  const { report, slates } = await importRaw('community-alignment', { jsonl: rows });
  const votes = (first: number, second: number) => [
    { judge: hashName('1'), group: 'US', signal: first },
    { judge: hashName('2'), group: 'India', signal: second },
  ];
  const question = { role: 'user', content: 'How?' };
  expect(slates).toMatchObject([
    {
      messages: [question],
      responses: [
        { text: 'Do w', judgements: votes(1, 0) },
        { text: 'Do x', judgements: votes(0, 0) },
        { text: 'Do y', judgements: votes(0, 0) },
        { text: 'Do z', judgements: votes(0, 1) },
      ],
    },
    {
      messages: [question, { role: 'assistant', content: 'Do w' }, { role: 'user', content: 'Where?' }],
      responses: [{ text: 'Here' }, { text: 'There' }, { text: 'Near' }, { text: 'Far', judgements: [{ signal: 1 }] }],
    },
  ]);
  expect(report.responses.dropped).toEqual({ 'no-preference': 4 });
  const other = await importRaw(
    'community-alignment',
    { jsonl: rows },
    { adapterOptions: { group: 'annotator_gender' } },
  );
  expect(other.slates[0]!.responses[0]!.judgements![0]!.group).toBe('female');
});
