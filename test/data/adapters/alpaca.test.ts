import { expect, it } from 'vitest';
import { hashName } from '../../../src/data/adapters/text.js';
import { importRaw } from '../../helpers/run-adapter.js';

it('alpaca-gpt4: one answer to an instruction with its input', async () => {
  const { slates } = await importRaw('alpaca-gpt4', {
    json: JSON.stringify([
      { instruction: 'Add.', input: '1 + 1', output: '2' },
      { instruction: 'Sing.', input: '', output: 'La' },
      { instruction: 'Sing.', input: '', output: 'Lala' },
    ]),
  });
  expect(slates).toEqual([
    { id: hashName('Add.\n1 + 1'), prompt: 'Add.\n1 + 1', responses: [{ id: '1', text: '2' }] },
    {
      id: hashName('Sing.'),
      prompt: 'Sing.',
      responses: [
        { id: '2', text: 'La' },
        { id: '3', text: 'Lala' },
      ],
    },
  ]);
});

it('alpaca-eval: outputs with the preference over the baseline', async () => {
  const output = (generator: string) => ({
    instruction: 'Why?',
    dataset: 'koala',
    output: `By ${generator}`,
    generator,
  });
  const annotation = (model: string, preference: number) => ({
    instruction: 'Why?',
    output_1: 'By base',
    generator_1: 'base',
    output_2: `By ${model}`,
    generator_2: model,
    annotator: 'judge',
    preference,
  });
  const { report, slates } = await importRaw('alpaca-eval', {
    'model_outputs.json': JSON.stringify([output('a'), output('base'), output('unjudged')]),
    'annotations.json': JSON.stringify([
      annotation('a', 2),
      annotation('b', 1.0),
      annotation('c', 0),
      annotation('d', 3),
    ]),
  });
  expect(slates).toEqual([
    {
      id: hashName('Why?'),
      prompt: 'Why?',
      dataset: 'koala',
      responses: [
        { id: 'a', text: 'By a', signal: 1 },
        { id: 'base', text: 'By base', signal: 0.5 },
        { id: 'b', text: 'By b', signal: 0 },
        { id: 'c', text: 'By c', signal: 0.5 },
      ],
    },
  ]);
  expect(report.responses.dropped).toEqual({ 'malformed-row': 1, 'not-judged': 1 });
});
