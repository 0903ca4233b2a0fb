/** Sets of responses that were rated one by one. */
import { z } from 'zod';
import type { Adapter } from './adapter.js';
import { dialogue, key, number, textId } from './fields.js';
import { groupedAdapter } from './grouped-adapter.js';
import { readRecords } from './rows.js';

const ASPECTS = ['helpfulness', 'honesty', 'instruction_following', 'truthfulness'] as const;

/** "1" to "5" as text, or that there is none. */
const aspect = z.object({ Rating: z.union([number, z.string().transform(() => null)]) }).optional();

const completions = z.object({
  source: z.string().optional(),
  instruction: z.string().min(1),
  completions: z.array(
    z.object({
      model: z.string(),
      response: z.string(),
      overall_score: number.nullish(),
      annotations: z.object(Object.fromEntries(ASPECTS.map((name) => [name, aspect])) as Record<Aspect, typeof aspect>),
    }),
  ),
});

type Aspect = (typeof ASPECTS)[number];

/** UltraFeedback (Cui et al. 2023): query = instruction, responses = four completions. */
export const ultrafeedback: Adapter = {
  name: 'ultrafeedback',
  description: 'UltraFeedback: four completions with ratings by GPT-4; every aspect is a judge and a group',
  files: 'JSON, one instruction per line, or Parquet',
  minSlate: 2,
  promptTemplate: 'Instruction {id}',
  options: [
    {
      name: 'signal',
      argument: 'NAME',
      description:
        'aspects: the ratings of each aspect (1 to 5); overall: the overall score, which is known to be wrong at times',
      choices: ['aspects', 'overall'],
      default: 'aspects',
    },
  ],
  async *read(files, context) {
    const overall = context.option('signal') === 'overall';
    for (const file of files) {
      for await (const { source, instruction, completions: given } of readRecords(file, completions, context)) {
        const responses = given.map(({ model, response, overall_score, annotations }, i) => {
          const judgements = ASPECTS.flatMap((name) => {
            const signal = annotations[name]?.Rating;
            return signal == null ? [] : [{ judge: name, group: name, signal }];
          });
          const signal = overall && overall_score != null ? { signal: overall_score } : {};
          return { id: String(i), text: response, ...(overall ? signal : { judgements }), model };
        });
        yield { id: textId(instruction), prompt: instruction, responses, ...(source === undefined ? {} : { source }) };
      }
    }
  },
};

const scored = z.object({
  ID: key,
  Dataset: z.string(),
  DialogModel: z.string(),
  /** Turns joined by |||. */
  Context: z.string().min(1),
  Response: z.string(),
  /** A JSON list, one score for each rater, who are not the same from row to row. */
  HumanScores: z.string().transform((text, context) => {
    const { data } = z.array(z.number()).min(1).safeParse(parseList(text));
    if (data !== undefined) return data;
    context.addIssue({ code: 'custom', message: 'expected a list of numbers' });
    return z.NEVER;
  }),
});

/** The human scores of GRADE (Huang et al. 2020): query = dialogue so far, responses = what models said next. */
export const gradeDialogue = groupedAdapter({
  name: 'grade-dialogue',
  description:
    'the human scores of GRADE: responses of dialogue models with the scores (1 to 5) of about ten people each',
  files: 'human_judgement.json',
  promptTemplate: 'Dialogue {id}',
  async *rows(file, context) {
    for await (const row of readRecords(file, scored, context)) {
      const messages = dialogue(row.Context.split('|||'));
      const judgements = row.HumanScores.map((signal) => ({ signal }));
      const responses = [{ id: row.ID, text: row.Response, judgements, model: row.DialogModel }];
      yield [textId(`${row.Dataset}\n${row.Context}`), { query: { messages, dataset: row.Dataset }, responses }];
    }
  },
});

function parseList(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
