/** Questions with fixed answers, and how many of a group of people give each; in the form of Feng et al. (2024). */
import { z } from 'zod';
import type { Adapter } from './adapter.js';
import { number, textId } from './fields.js';
import type { PartialResponse } from './group-rows.js';
import { groupedAdapter } from './grouped-adapter.js';
import { checkRow, readRecords, readRows } from './rows.js';

const shares = z
  .object({
    question: z.string().min(1),
    options: z.array(z.string()).min(1),
    /** The group; in MoralChoice the kind of question. */
    attribute: z.string().min(1),
    gold_distribution: z.array(number),
  })
  .refine(({ options, gold_distribution }) => options.length === gold_distribution.length, {
    error: 'expected as many shares as options',
  });

const FILES = 'a JSON array';

/** OpinionQA (Santurkar et al. 2023): groups of people in the US. */
export const opinionqa = survey(
  'opinionqa',
  'OpinionQA: the answers to a survey, with their shares by group of people',
);

/** GlobalOpinionQA (Durmus et al. 2023): people of several countries. */
export const globalopinionqa = survey(
  'globalopinionqa',
  'GlobalOpinionQA: the answers to a survey, with their shares by country',
);

function survey(name: string, description: string): Adapter {
  return groupedAdapter({
    name,
    description,
    files: FILES,
    promptTemplate: 'Question {id}',
    merge: true,
    async *rows(file, context) {
      for await (const { question, options, attribute, gold_distribution } of readRecords(file, shares, context)) {
        const responses = asOpinions(toResponses(options, attribute, gold_distribution));
        yield [textId(question), { query: { prompt: question }, responses }];
      }
    },
  });
}

/** The answers with what one group says of them. */
function toResponses(options: readonly string[], group: string, shares: readonly number[]): PartialResponse[] {
  return options.map((text, i) => ({ id: String(i), text, judgements: [{ judge: group, group, signal: shares[i]! }] }));
}

/** Every answer to choose from is an opinion of its own. */
function asOpinions(responses: readonly PartialResponse[]): PartialResponse[] {
  return responses.map((response) => ({ ...response, opinion: response.text! }));
}

/** MoralChoice (Scherrer et al. 2023): two actions, of which one is right or neither. */
export const moralchoice = groupedAdapter({
  name: 'moralchoice',
  description: 'MoralChoice: two actions with the share that ought to choose each: one, or both alike',
  files: FILES,
  promptTemplate: 'Scenario {id}',
  merge: true,
  async *rows(file, context) {
    for await (const { question, options, attribute, gold_distribution } of readRecords(file, shares, context)) {
      const responses = options.map((text, i) => ({ id: String(i), text, signal: gold_distribution[i]! }));
      yield [textId(question), { query: { prompt: question, ambiguity: attribute }, responses }];
    }
  },
});

const explained = z
  .object({ situation: z.string().min(1), vrd: z.array(z.string().min(1)), explanation: z.array(z.string()) })
  .refine(({ vrd, explanation }) => vrd.length === explanation.length, {
    error: 'expected as many values as explanations',
  });

const STANCES = ['Supports', 'Opposes', 'Either'] as const;

const judged = z.object({ situation: z.string().min(1), vrd: z.string().min(1), label_text: z.enum(STANCES) });

/** ValuePrism (Sorensen et al. 2023): what values say of a situation. */
export const valueprism = groupedAdapter({
  name: 'valueprism',
  description:
    'ValuePrism: explanations of a situation, each the opinion of one value, without votes; or whether it supports or opposes ' +
    'the situation, each value being a judge and a group',
  files: 'overton_*.json and steerable_*.json',
  promptTemplate: 'Situation {id}',
  merge: true,
  async *rows(file, context) {
    for await (const row of readRows(file, ['situation'], context)) {
      if ('label_text' in row) {
        const given = checkRow(row, judged, file, context);
        if (given === null) continue;
        const { situation, vrd, label_text } = given;
        const responses = toResponses(
          STANCES,
          vrd,
          STANCES.map((stance) => (stance === label_text ? 1 : 0)),
        );
        yield [`${textId(situation)}.stance`, { query: { prompt: situation }, responses: asOpinions(responses) }];
      } else {
        const given = checkRow(row, explained, file, context);
        if (given === null) continue;
        const { situation, vrd, explanation } = given;
        const responses = explanation.map((text, i) => ({ id: textId(text), text, opinion: vrd[i]! }));
        yield [textId(situation), { query: { prompt: situation }, responses }];
      }
    }
  },
});
