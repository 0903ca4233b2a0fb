import { z } from 'zod';
import { openInput } from '../../data/input.js';
import { readTextLines } from '../../data/lines.js';
import { DataError } from '../../errors.js';
import { parseJson } from '../../models/json.js';

const multipleChoice = z
  .object({
    question: z.string().min(1),
    choices: z.array(z.string().min(1)).min(2),
    /** Index of the right choice. */
    answer: z.int().nonnegative(),
  })
  .refine(({ choices, answer }) => answer < choices.length, {
    path: ['answer'],
    message: 'expected the index of a choice, from 0',
  });
const heldOutText = z.object({
  /** What comes before the text, and does not count. */
  prompt: z.string().min(1).optional(),
  text: z.string().min(1),
});

/** A question with one right answer among its choices. */
export type MultipleChoice = z.infer<typeof multipleChoice>;

/** A text whose perplexity is measured. */
export type HeldOutText = z.infer<typeof heldOutText>;

/** What a capability is measured on. */
export interface CapabilityItems {
  questions: MultipleChoice[];
  texts: HeldOutText[];
}

/**
 * Reads JSONL files whose lines are questions, `{question, choices, answer}`, or held-out texts, `{text}` or
 * `{prompt, text}` (docs/metrics.md).
 *
 * @throws DataError INPUT_NOT_FOUND, INPUT_UNREADABLE, INVALID_JSON naming the line and the field, CAPABILITY_EMPTY
 */
export async function readCapabilityItems(paths: readonly string[]): Promise<CapabilityItems> {
  const items: CapabilityItems = { questions: [], texts: [] };
  for (const path of paths) {
    for await (const { number, text } of readTextLines(await openInput(path, 'INPUT'))) {
      const place = `${path}:${number}`;
      const line = parseJson(place, text, z.looseObject({}));
      if ('text' in line) items.texts.push(parseJson(place, text, heldOutText));
      else items.questions.push(parseJson(place, text, multipleChoice));
    }
  }
  if (items.questions.length + items.texts.length > 0) return items;
  throw new DataError(
    'CAPABILITY_EMPTY',
    `${paths.join(', ')}: expected lines {question, choices, answer} or {prompt, text}, got none`,
  );
}
