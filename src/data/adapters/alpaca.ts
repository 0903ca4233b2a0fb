import { z } from 'zod';
import { number, rowId, textId } from './fields.js';
import { groupedAdapter } from './grouped-adapter.js';
import { checkRow, readRecords, readRows } from './rows.js';

const example = z.object({ instruction: z.string().min(1), input: z.string().nullish(), output: z.string() });

/** Alpaca (Taori et al. 2023) and its like with answers of GPT-4 (Peng et al. 2023): one answer to an instruction. */
export const alpacaGpt4 = groupedAdapter({
  name: 'alpaca-gpt4',
  description: 'instructions with their inputs and one answer each, without votes',
  files: 'a JSON array, or one object per line',
  minSlate: 1,
  promptTemplate: 'Instruction {id}',
  async *rows(file, context, index) {
    let row = 0;
    for await (const { instruction, input, output } of readRecords(file, example, context)) {
      const prompt = input?.trim() ? `${instruction}\n${input}` : instruction;
      yield [textId(prompt), { query: { prompt }, responses: [{ id: rowId(index, ++row), text: output }] }];
    }
  },
});

const output = z.object({
  instruction: z.string().min(1),
  output: z.string(),
  generator: z.string().min(1),
  dataset: z.string().optional(),
});

const annotation = z.object({
  instruction: z.string().min(1),
  output_1: z.string(),
  generator_1: z.string().min(1),
  output_2: z.string(),
  generator_2: z.string().min(1),
  /** 1: the first is better, 2: the second; 0 and 1.5: neither. */
  preference: number.refine((value) => value === 0 || (value >= 1 && value <= 2), {
    error: 'expected 0, or from 1 to 2',
  }),
});

/** The baseline against itself, and what was not decided. */
const TIE = 0.5;

/** AlpacaEval (Li et al. 2023): query = instruction, responses = the models' outputs. */
export const alpacaEval = groupedAdapter({
  name: 'alpaca-eval',
  description:
    'AlpacaEval: outputs of many models, with the preference of an automatic judge over the baseline in [0, 1]',
  files: 'model_outputs.json and annotations.json of any models',
  promptTemplate: 'Instruction {id}',
  merge: true,
  judged: true,
  async *rows(file, context) {
    for await (const row of readRows(file, ['instruction'], context)) {
      if ('preference' in row) {
        const given = checkRow(row, annotation, file, context);
        if (given === null) continue;
        const { instruction, preference } = given;
        const signal = preference === 0 ? TIE : preference - 1;
        const responses = [
          { id: given.generator_1, text: given.output_1, signal: TIE },
          { id: given.generator_2, text: given.output_2, signal },
        ];
        yield [textId(instruction), { query: { prompt: instruction }, responses }];
      } else {
        const given = checkRow(row, output, file, context);
        if (given === null) continue;
        const { instruction: prompt, dataset, generator, output: text } = given;
        const query = { prompt, ...(dataset === undefined ? {} : { dataset }) };
        yield [textId(prompt), { query, responses: [{ id: generator, text }] }];
      }
    }
  },
});
