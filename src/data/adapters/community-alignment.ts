import { z } from 'zod';
import type { Message } from '../slate.js';
import type { ImportContext } from './adapter.js';
import { key, textAt, textId } from './fields.js';
import type { SlatePart } from './group-rows.js';
import { groupedAdapter } from './grouped-adapter.js';
import { readRecords } from './rows.js';
import { hashName } from './text.js';

const TURNS = ['first', 'second', 'third', 'fourth'] as const;
const LETTERS = ['a', 'b', 'c', 'd'] as const;

/** The columns of a turn are read by their names, which begin with the turn's. */
const conversation = z.looseObject({ annotator_id: key, first_turn_prompt: z.string().min(1) });

/** Community Alignment (Zhang et al. 2025): query = a conversation up to a prompt, responses = the four to choose from. */
export const communityAlignment = groupedAdapter({
  name: 'community-alignment',
  description: 'Community Alignment: four responses; an annotator gives 1 to the preferred one and 0 to the others',
  files: 'community_alignment.csv, or Parquet',
  promptTemplate: 'Conversation {id}',
  options: [
    {
      name: 'group',
      argument: 'NAME',
      description: "the column that is the annotator's group, as annotator_gender or annotator_political",
      default: 'annotator_country',
    },
  ],
  merge: true,
  async *rows(file, context) {
    for await (const row of readRecords(file, conversation, context)) yield* toParts(row, context);
  },
});

/** Annotators who saw the same words are brought together: prompts are shared, and so are responses, in whatever place. */
function* toParts(
  row: z.output<typeof conversation>,
  context: ImportContext,
): Generator<[query: string, part: SlatePart]> {
  const group = textAt(row, context.option('group')!);
  const judge = { judge: hashName(row.annotator_id), ...(group === undefined ? {} : { group }) };
  const messages: Message[] = [];
  for (const turn of TURNS) {
    const prompt = textAt(row, `${turn}_turn_prompt`);
    if (prompt === undefined) return;
    messages.push({ role: 'user', content: prompt });
    const texts = LETTERS.map((letter) =>
      (textAt(row, `${turn}_turn_response_${letter}`) ?? '').replace(END, '').trim(),
    );
    const preferred = 'abcd'.indexOf(textAt(row, `${turn}_turn_preferred_response`)?.at(-1) ?? ' ');
    if (preferred < 0) {
      context.drop('no-preference', texts.length);
      return;
    }
    const responses = texts.map((text, i) => ({
      id: textId(text),
      text,
      judgements: [{ ...judge, signal: i === preferred ? 1 : 0 }],
    }));
    yield [textId(messages), { query: { messages: [...messages] }, responses }];
    messages.push({ role: 'assistant', content: texts[preferred]! });
  }
}

/** A mark of the model's that is no part of what it said. */
const END = /(<\|end_of_text\|>\s*)+$/;
