import { queryText } from '../data/query-text.js';
import type { Slate } from '../data/slate.js';
import { referenceVotes } from '../metrics/measure/references.js';
import type { JudgeSummary } from '../metrics/measure/result.js';
import type { Generations } from '../policy/generations.js';
import { AnswerFile } from '../remote/answer-file.js';
import { ChatModel, type ChatOptions } from '../remote/chat.js';
import { type JudgeOptions, judge, type Match } from './judge.js';

/** Responses of either policy that the judge sees, and the most references. */
export const DEFAULT_JUDGED = 50;
const REFERENCES = 3;

/** Who judges, how many responses of either side it sees, and where its answers are kept. */
export interface JudgeGenerationsOptions extends Omit<JudgeOptions, 'onProgress'> {
  /** Server of the chat model, and the model's name there. */
  url: string;
  model: string;
  /** Answers are kept there and reused. */
  file: string;
  responses: number;
  /** Called after every match with those that are judged, of how many. */
  onProgress?: ((progress: { matches: number; total: number }) => void) | undefined;
  /** Of the client; for tests. */
  client?: Omit<ChatOptions, 'model'> | undefined;
}

/**
 * Compares the generations of two policies on the queries of a log for which both have some. The judge sees the first responses of
 * either and up to three of the log's responses, those with most votes.
 *
 * @throws as `judge`
 */
export async function judgeGenerations(
  log: AsyncIterable<Slate>,
  ours: Generations,
  theirs: Generations,
  { url, model, file, responses, client, onProgress, ...options }: JudgeGenerationsOptions,
): Promise<JudgeSummary> {
  const matches: Match[] = [];
  for await (const slate of log) {
    const [own, other] = [ours, theirs].map(({ texts }) => texts.get(slate.id)?.slice(0, responses));
    if (!own || !other) continue;
    matches.push({
      query: slate.id,
      question: queryText(slate),
      references: topReferences(slate),
      ours: own,
      theirs: other,
    });
  }
  const answers = await AnswerFile.open(file);
  try {
    const { outcomes: _, ...result } = await judge(new ChatModel(url, { model, ...client }), answers, matches, {
      ...options,
      onProgress: (progress) => onProgress?.({ ...progress, total: matches.length }),
    });
    return { ...result, against: theirs.policy };
  } finally {
    await answers.close();
  }
}

function topReferences(slate: Slate): string[] {
  const { votes } = referenceVotes(slate);
  const order = slate.responses.map((_, i) => i).sort((a, b) => votes[b]! - votes[a]!);
  return order.slice(0, REFERENCES).map((i) => slate.responses[i]!.text);
}
