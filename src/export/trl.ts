import { AtomicWriter } from '../data/atomic-writer.js';
import type { LoggedResponse, Message, Slate, SlateLog } from '../data/slate.js';
import { type RewardName, slateReward } from '../reward/index.js';

export const TRL_FORMS = ['pairs', 'all-pairs', 'lists'] as const;
export type TrlForm = (typeof TRL_FORMS)[number];

/** Which preferences are written, and where. */
export interface ExportTrlOptions {
  /** `pairs`: the best and the worst response of each query; `all-pairs`: every two that people told apart; `lists`: all responses with their rewards. */
  form?: TrlForm | undefined;
  reward?: RewardName | undefined;
  /** Write prompts that are text as turns of a chat too, so that the trainer applies the model's template. */
  chat?: boolean | undefined;
  /** File to write; see docs/formats.md. */
  output: string;
  signal?: AbortSignal | undefined;
}

export interface TrlReport {
  queries: number;
  lines: number;
  /** Queries without a preference: nobody voted, or all responses tie. */
  tied: number;
}

/**
 * Writes a log as preference data of Hugging Face TRL: `prompt`, `chosen`, `rejected` (and `margin`, the difference of the
 * rewards), or `prompt`, `completions`, `rewards`. Queries with `messages` become conversations.
 *
 * @throws what the log and the rewards throw
 */
export async function exportTrl(
  log: SlateLog,
  { form = 'pairs', reward, chat = false, output, signal }: ExportTrlOptions,
): Promise<TrlReport> {
  const writer = await AtomicWriter.create(output);
  let [queries, tied] = [0, 0];
  try {
    for await (const slate of log) {
      signal?.throwIfAborted();
      queries++;
      const { rewards } = slateReward(slate, { reward });
      const lines = form === 'lists' ? listLine(slate, rewards, chat) : pairLines(slate, rewards, { form, chat });
      if (lines.length === 0) tied++;
      for (const line of lines) await writer.line(line);
    }
    await writer.commit();
    return { queries, lines: writer.lines, tied };
  } catch (error) {
    await writer.abort();
    throw error;
  }
}

function listLine(slate: Slate, rewards: Float64Array, chat: boolean): object[] {
  if (rewards.every((reward) => reward === rewards[0])) return [];
  const completions = slate.responses.map((response) => answer(slate, response, chat));
  return [{ id: slate.id, prompt: prompt(slate, chat), completions, rewards: [...rewards] }];
}

function pairLines(slate: Slate, rewards: Float64Array, { form, chat }: { form: TrlForm; chat: boolean }): object[] {
  const all = [...rewards.keys()].flatMap((winner) =>
    [...rewards.keys()].flatMap((loser) => (rewards[winner]! > rewards[loser]! ? [{ winner, loser }] : [])),
  );
  // As in our own DPO: the first of several best ones, the last of several worst ones.
  const best = rewards.indexOf(Math.max(...rewards));
  const worst = rewards.lastIndexOf(Math.min(...rewards));
  const chosen = form === 'pairs' ? all.filter(({ winner, loser }) => winner === best && loser === worst) : all;
  return chosen.map(({ winner, loser }) => ({
    id: slate.id,
    prompt: prompt(slate, chat),
    chosen: answer(slate, slate.responses[winner]!, chat),
    rejected: answer(slate, slate.responses[loser]!, chat),
    margin: rewards[winner]! - rewards[loser]!,
  }));
}

/** Conversations are lists of messages, everything else text: TRL tells the two apart by that. */
function prompt({ messages, prompt: text }: Slate, chat: boolean): string | Message[] {
  return messages ?? (chat ? [{ role: 'user', content: text! }] : text!);
}

function answer({ messages }: Slate, { text }: LoggedResponse, chat: boolean): string | Message[] {
  return messages !== undefined || chat ? [{ role: 'assistant', content: text }] : text;
}
