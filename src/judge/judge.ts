/** @file The judge of RQ5: a chat model compares the answers of two policies to each query, in both orders. */
import { type MeasuredMean, meanWithInterval } from '../metrics/mean-with-interval.js';
import type { AnswerFile } from '../remote/answer-file.js';
import type { ChatModel } from '../remote/chat.js';
import { mapConcurrent } from '../remote/concurrent.js';
import { type Comparison, judgementMessages, readVerdict, type Verdict } from './judgement.js';

/** Two sets of answers to one query; `ours` is the one whose wins are counted. */
export interface Match extends Pick<Comparison, 'question' | 'references'> {
  query: string;
  ours: readonly string[];
  theirs: readonly string[];
}

export type Outcome = 'win' | 'tie' | 'loss' | 'unreadable';

/** Outcomes of the matches from the side of the first policy, and the win rate. */
export interface JudgeResult {
  model: string;
  /** In the order of the matches. */
  outcomes: { query: string; outcome: Outcome; verdicts: [oursFirst: Verdict, theirsFirst: Verdict] }[];
  wins: number;
  ties: number;
  losses: number;
  /** Matches with an answer that holds no verdict; they are in no other figure. */
  unreadable: number;
  /** A win counts 1, a tie 1/2. */
  winRate: MeasuredMean;
  /** Share of the readable matches on which both orders say the same: a judge that looks at the order has little. */
  orderAgreement: number | null;
  tokens: { prompt: number; completion: number };
  /** Answers asked for, and those that were in the file already. */
  asked: number;
  reused: number;
}

/** How matches are judged, and the interval of the win rate. */
export interface JudgeOptions {
  /** Requests at a time; default 4. */
  concurrency?: number | undefined;
  alpha?: number | undefined;
  seed?: number | undefined;
  signal?: AbortSignal | undefined;
  /** Called after every match with those that are judged. */
  onProgress?: ((progress: { matches: number }) => void) | undefined;
}

const POINTS: Record<Outcome, number> = { win: 1, tie: 0.5, loss: 0, unreadable: Number.NaN };

/**
 * Every match is judged twice, with either set as A. Only a set that is preferred in both orders wins; a disagreement is a tie.
 *
 * @throws as `AnswerFile.ask`
 */
export async function judge(
  chat: ChatModel,
  answers: AnswerFile,
  matches: readonly Match[],
  { concurrency = 4, alpha, seed, signal, onProgress }: JudgeOptions = {},
): Promise<JudgeResult> {
  let done = 0;
  const outcomes = await mapConcurrent(matches, concurrency, async ({ query, question, references, ours, theirs }) => {
    const verdict = async (order: string, a: readonly string[], b: readonly string[]): Promise<Verdict> => {
      const messages = judgementMessages({ question, references, a, b });
      return readVerdict((await answers.ask(chat, { query, order }, messages, signal)).text);
    };
    const verdicts: [Verdict, Verdict] = [
      await verdict('ours first', ours, theirs),
      await verdict('theirs first', theirs, ours),
    ];
    onProgress?.({ matches: ++done });
    return { query, outcome: outcomeOf(verdicts), verdicts };
  });
  const count = (wanted: Outcome) => outcomes.filter(({ outcome }) => outcome === wanted).length;
  const readable = outcomes.filter(({ outcome }) => outcome !== 'unreadable');
  const agreeing = readable.filter(({ verdicts: [first, second] }) => first === swapped(second));
  const points = outcomes.map(({ outcome }) => POINTS[outcome]);
  return {
    model: chat.model,
    outcomes,
    wins: count('win'),
    ties: count('tie'),
    losses: count('loss'),
    unreadable: count('unreadable'),
    winRate: meanWithInterval(points, { ...(alpha !== undefined && { alpha }), ...(seed !== undefined && { seed }) }),
    orderAgreement: readable.length === 0 ? null : agreeing.length / readable.length,
    tokens: { ...answers.tokens },
    asked: answers.asked,
    reused: answers.reused,
  };
}

function outcomeOf([oursFirst, theirsFirst]: [Verdict, Verdict]): Outcome {
  if (oursFirst === null || theirsFirst === null) return 'unreadable';
  if (oursFirst === 'A' && theirsFirst === 'B') return 'win';
  return oursFirst === 'B' && theirsFirst === 'A' ? 'loss' : 'tie';
}

function swapped(verdict: Verdict): Verdict {
  if (verdict === 'A') return 'B';
  return verdict === 'B' ? 'A' : verdict;
}
