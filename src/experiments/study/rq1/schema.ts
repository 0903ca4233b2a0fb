import { z } from 'zod';
import { serverUrl, studySchema } from '../config.js';

/** Registers in which a chat model is asked to answer, the first of them for fewer references. */
export const STYLES = [
  'plain and factual, as in an encyclopaedia',
  'warm and personal, as told to a friend',
  'vivid and poetic, rich in images of the senses',
  'humorous and playful',
  'formal and technical, as by a specialist',
] as const;

const chat = z.strictObject({
  url: serverUrl,
  model: z.string().min(1),
  temperature: z.number().min(0).default(0.7),
  maxTokens: z.int().min(1).default(512),
  concurrency: z.int().min(1).default(4),
});

const toy = z.strictObject({
  match: z.string().optional().describe('Only queries that this regular expression finds, whatever their case.'),
  prompts: z.int().min(1).optional().describe('Most queries, in the order of the log; default all. The paper has 500.'),
  references: z.int().min(1).default(3).describe('Of each query. The paper says 3 in one place, 5 in another.'),
  chat: chat.optional().describe("Writes the references; left out: the log's first responses, or the world's people."),
  styles: z
    .array(z.string().min(1))
    .min(1)
    .default([...STYLES]),
  candidates: z.int().min(1).default(8).describe('Answers of Base to each query, to train on.'),
});

export const rq1Schema = studySchema({
  toy: toy.prefault({}),
  lambdas: z.array(z.number().min(0)).default([]).describe('lambdaDiv of further models of every method that is POPE.'),
  temperatures: z.array(z.number().positive()).default([]).describe('Further temperatures, for all methods.'),
});

export type Rq1Config = z.output<typeof rq1Schema>;
export type ToyConfig = Rq1Config['toy'];
