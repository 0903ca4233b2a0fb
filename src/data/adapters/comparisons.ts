/** Sets of pairs that were compared. */
import { z } from 'zod';
import type { Message } from '../slate.js';
import type { Adapter } from './adapter.js';
import { rowId, textId } from './fields.js';
import { groupedAdapter } from './grouped-adapter.js';
import { readRecords } from './rows.js';

const dialogues = z.object({ chosen: z.string(), rejected: z.string() });

/** HH-RLHF (Bai et al. 2022): query = what both dialogues begin with, responses = their last turns. */
export const hhRlhf: Adapter = {
  name: 'hh-rlhf',
  description: 'HH-RLHF: two continuations of a dialogue; 1 for the chosen one, 0 for the other',
  files: 'JSON, one pair of dialogues per line, or Parquet',
  minSlate: 2,
  promptTemplate: 'Dialogue {id}',
  options: [],
  async *read(files, context) {
    for (const [index, file] of files.entries()) {
      let row = 0;
      for await (const pair of readRecords(file, dialogues, context)) {
        const id = rowId(index, ++row);
        const chosen = parseDialogue(pair.chosen);
        const rejected = parseDialogue(pair.rejected);
        const messages = chosen.slice(0, -1);
        const cluster = textId(messages);
        if (!isAnswered(chosen) || !isAnswered(rejected) || textId(rejected.slice(0, -1)) !== cluster) {
          context.drop('no-two-answers-to-one-dialogue', 2);
          continue;
        }
        const responses = [
          { id: 'chosen', text: chosen.at(-1)!.content, signal: 1 },
          { id: 'rejected', text: rejected.at(-1)!.content, signal: 0 },
        ];
        yield { id, messages, cluster, responses };
      }
    }
  },
};

/** "\n\nHuman: ...\n\nAssistant: ..." as messages. */
function parseDialogue(text: string): Message[] {
  const [, ...parts] = text.split(/(?:^|\n\n)(Human|Assistant):/);
  return Array.from({ length: parts.length / 2 }, (_, i) => ({
    role: parts[2 * i] === 'Human' ? 'user' : 'assistant',
    content: parts[2 * i + 1]!.trim(),
  }));
}

function isAnswered(messages: readonly Message[]): boolean {
  return messages.length >= 2 && messages.at(-1)!.role === 'assistant';
}

/** 0: neither is better, 1: the first, 2: the second. */
const verdict = z.union([z.literal(0), z.literal(1), z.literal(2)]);

const comparison = z.object({
  /** The models of both responses. */
  cmp_key: z.string().regex(/^[^_]+_[^_]+$/, 'expected two models joined by _'),
  instruction: z.string().min(1),
  input: z.string().nullish(),
  response1: z.string(),
  response2: z.string(),
  annotator1: verdict,
  annotator2: verdict,
  annotator3: verdict,
});

const ANNOTATORS = ['annotator1', 'annotator2', 'annotator3'] as const;

/** PandaLM (Wang et al. 2023): query = instruction with input, responses = the outputs of all models that were compared. */
export const pandalm = groupedAdapter({
  name: 'pandalm',
  description: 'PandaLM: outputs of several models, compared by three annotators, each a group (winsOver)',
  files: 'testset-v1.json',
  promptTemplate: 'Instruction {id}',
  merge: true,
  async *rows(file, context) {
    for await (const row of readRecords(file, comparison, context)) {
      const models = row.cmp_key.split('_') as [string, string];
      const judgements = (place: 1 | 2) =>
        ANNOTATORS.filter((annotator) => row[annotator] === place).map((annotator) => {
          return { judge: annotator, group: annotator, winsOver: [models[2 - place]!] };
        });
      const responses = [
        { id: models[0], text: row.response1, judgements: judgements(1) },
        { id: models[1], text: row.response2, judgements: judgements(2) },
      ];
      const prompt = row.input?.trim() ? `${row.instruction}\n${row.input}` : row.instruction;
      yield [textId(prompt), { query: { prompt }, responses }];
    }
  },
});
