import { z } from 'zod';
import type { InputFile } from '../input.js';
import type { Message } from '../slate.js';
import type { Adapter, ImportContext, RawSlate } from './adapter.js';
import { key, number, textAt } from './fields.js';
import { groupRows, type ReadKeyed } from './group-rows.js';
import { checkRow, type Row, type RowContext, readRows } from './rows.js';
import { hashName } from './text.js';

/** One response of a model, as utterances.jsonl has it. */
const utterance = z.object({
  conversation_id: key,
  user_id: key,
  turn: number,
  within_turn_id: number,
  user_prompt: z.string(),
  model_response: z.string(),
  model_name: z.string(),
  score: number,
  if_chosen: z.boolean(),
  conversation_type: z.string().nullish(),
});

type Utterance = z.output<typeof utterance>;

const said = z.looseObject({ turn: number, role: z.enum(['user', 'model']), content: z.string() });

/** A whole conversation, as conversations.jsonl has it: the same responses once more. */
const conversation = z.object({
  conversation_id: key,
  user_id: key,
  conversation_type: z.string().nullish(),
  conversation_history: z.array(said),
});

/** What the publisher put where a model said nothing. */
const NOTHING = 'EMPTY STRING';

/** PRISM (Kirk et al. 2024): query = a conversation up to a prompt, responses = what several models said to it. */
export const prism: Adapter = {
  name: 'prism',
  description:
    'PRISM: responses of several models in a conversation, each with the score (1 to 100) that the person gave it',
  files: 'utterances.jsonl or conversations.jsonl, or both, and survey.jsonl for the groups',
  minSlate: 2,
  promptTemplate: 'Interaction {id}',
  options: [
    {
      name: 'group',
      argument: 'NAME',
      description: "what the judge's group is in the survey, as age, gender or location.reside_country",
      default: 'location.special_region',
    },
  ],
  async *read(files, context) {
    const groups = await readGroups(files, context);
    for await (const [id, rows] of groupRows(files, context, utterances(context))) yield* toSlates(id, rows, groups);
  },
};

/** The group of every person who took the survey. */
async function readGroups(files: readonly InputFile[], context: ImportContext): Promise<Map<string, string>> {
  const path = context.option('group')!;
  const groups = new Map<string, string>();
  // A pass of its own, which counts nothing.
  const silent: RowContext = { onRow() {}, drop() {}, warn() {} };
  for (const file of files) {
    for await (const row of readRows(file, [], silent)) {
      const group = isSurvey(row) ? textAt(row, path) : undefined;
      if (group !== undefined) groups.set(String(row.user_id), group);
    }
  }
  return groups;
}

function isSurvey(row: Row): boolean {
  return 'user_id' in row && !('conversation_id' in row);
}

function utterances(context: ImportContext): ReadKeyed<Utterance> {
  return async function* (file) {
    for await (const row of readRows(file, [], context)) {
      if ('conversation_history' in row) {
        const given = checkRow(row, conversation, file, context);
        for (const each of given === null ? [] : utterancesOf(given)) {
          const response = checkRow(each, utterance, file, context);
          if (response !== null) yield [response.conversation_id, response];
        }
      } else if ('conversation_id' in row) {
        const response = checkRow(row, utterance, file, context);
        if (response !== null) yield [response.conversation_id, response];
      } else if (!isSurvey(row)) context.drop('no-response-of-a-conversation');
    }
  };
}

function utterancesOf({ conversation_history, ...rest }: z.output<typeof conversation>): Row[] {
  const prompts = new Map(
    conversation_history.flatMap((each) => (each.role === 'user' ? [[each.turn, each.content]] : [])),
  );
  return conversation_history
    .filter(({ role }) => role === 'model')
    .map(({ content, ...response }) => {
      return { ...rest, ...response, model_response: content, user_prompt: prompts.get(response.turn) };
    });
}

/** A slate for each turn, after the prompts and chosen responses of the turns before. */
function* toSlates(id: string, rows: readonly Utterance[], groups: ReadonlyMap<string, string>): Generator<RawSlate> {
  const unique = new Map(rows.map((row) => [`${row.turn}.${row.within_turn_id}`, row]));
  const messages: Message[] = [];
  for (const turn of [...new Set(rows.map(({ turn }) => turn))].sort((a, b) => a - b)) {
    const responses = [...unique.values()]
      .filter((response) => response.turn === turn)
      .sort((a, b) => a.within_turn_id - b.within_turn_id);
    const [{ user_prompt, user_id, conversation_type }] = responses as [Utterance];
    messages.push({ role: 'user', content: user_prompt });
    const group = groups.get(user_id);
    const judge = { judge: hashName(user_id), ...(group === undefined ? {} : { group }) };
    yield {
      id: `${id}.${turn}`,
      messages: [...messages],
      cluster: judge.judge,
      ...(conversation_type == null ? {} : { conversation_type }),
      responses: responses.map(({ within_turn_id, model_response, model_name: model, score }) => ({
        id: String(within_turn_id),
        text: model_response === NOTHING ? '' : model_response,
        judgements: [{ ...judge, signal: score }],
        model,
      })),
    };
    const chosen = responses.find(({ if_chosen }) => if_chosen);
    if (chosen === undefined) return;
    messages.push({ role: 'assistant', content: chosen.model_response });
  }
}
