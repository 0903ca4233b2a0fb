/** @file The result of `capability` and of `pope capability --json`: one zod schema gives the type and docs/schemas/capability.schema.json. */
import { z } from 'zod';

const estimate = z.strictObject({
  value: z.number().nullable(),
  low: z.number().nullable(),
  high: z.number().nullable().describe('Bounds of the interval over items; null with fewer than two.'),
});

const measure = z.strictObject({
  measure: z.enum(['accuracy', 'accuracyPerByte', 'perplexity']),
  after: estimate,
  before: estimate.nullable().describe('Of the model to compare with; null without one.'),
  change: estimate.nullable().describe('after - before on the same items, with a paired interval.'),
});

export const capabilityResult = z.strictObject({
  model: z.string(),
  before: z.string().nullable(),
  alpha: z.number(),
  questions: z.int().describe('Multiple-choice questions that count.'),
  skippedQuestions: z.int().describe("Questions that exceed a model's context."),
  texts: z.int().describe('Held-out texts that count.'),
  skippedTexts: z.int().describe("Texts that exceed a model's context with their prompts."),
  tokens: z.int().describe('Tokens of the held-out texts.'),
  measures: z.array(measure),
  environment: z.record(z.string(), z.unknown()).describe('The report of `pope doctor --json`.'),
});

/** The result of `capability`, and of `pope capability --json`; docs/schemas/capability.schema.json. */
export type Capability = z.infer<typeof capabilityResult>;
export type CapabilityMeasure = z.infer<typeof measure>;
export type Estimate = z.infer<typeof estimate>;
