import { PopeError } from '../errors.js';
import type { SlateEncoder } from '../models/encode-slate.js';
import type { Tokenizer } from '../models/tokenizer.js';
import type { Endpoint } from './endpoint.js';
import { PROMPT_FORMS } from './prompt-answer.js';
import { type AskOptions, type Dialect, PromptScorer } from './prompt-scorer.js';
import { SENDINGS } from './send-prompt.js';
import { ServerError } from './server-error.js';

export interface ProbeOptions {
  /** Most that the log-probability of a token may change when it is asked for again, nats; default 0.1. */
  tolerance?: number | undefined;
  signal?: AbortSignal | undefined;
}

/** What a server turned out to be like. */
export interface ServerProbe {
  dialect: Dialect;
  /** Most that a token's log-probability changed when it was asked for again, nats. */
  change: number;
  /** Largest share of the probability that the most probable tokens had, and how many they were; null where not given. */
  top: { tokens: number; share: number } | null;
}

export const DEFAULT_TOLERANCE = 0.1;

/** Two queries and two answers, long enough that a model does not say the same of them by chance. */
const QUERIES = ['What should I plant in a small garden?', 'Name a river in Europe and say why you like it.'];
const ANSWERS = ['Tomatoes, because they need little room.', 'I would choose the Loire for its quiet banks.'];

/** Most probable tokens to ask for: servers refuse more than they are set to give (vLLM's default is 20). */
const TOPS = [20, 5];
/** A share of the probability above which the most probable tokens are taken for all that the server knows. */
const ALL = 1 - 1e-4;
/** Requests at a time, to see whether company changes an answer. */
const TOGETHER = 4;

const DIALECTS: readonly Dialect[] = SENDINGS.flatMap((send) => PROMPT_FORMS.map((form) => ({ form, send })));

/** From the least telling to the most: of the failures of all dialects, the last in this order is reported. */
const TELLING = ['ENDPOINT_REFUSED', 'ENDPOINT_ANSWER', 'ECHO_IGNORED', 'TOKENS_SHIFTED'];

/**
 * Finds out how a server is asked for log-probabilities of given tokens, and whether what it answers can be true
 * (docs/remote.md says what each check sees, and what none can see).
 *
 * @throws ServerError naming what is wrong; what `PromptScorer.ask` throws
 */
export async function probeServer(
  server: { endpoint: Endpoint; model: string; tokenizer: Tokenizer; encoder: SlateEncoder },
  { tolerance = DEFAULT_TOLERANCE, signal }: ProbeOptions = {},
): Promise<{ scorer: PromptScorer; probe: ServerProbe }> {
  const { endpoint, model, tokenizer, encoder } = server;
  const place = `${endpoint.url}/completions`;
  const [first, second] = QUERIES.map((prompt, i) =>
    encoder.encode({ id: `probe ${i}`, prompt, responses: ANSWERS.map((text, k) => ({ id: String(k), text })) }),
  );
  const sequence = ({ promptIds }: { promptIds: number[] }, ids: readonly number[]): Sequence => ({
    ids: [...promptIds, ...ids],
    from: promptIds.length,
  });
  const answers = first!.responses.map(({ ids }) => ids) as [number[], number[]];
  const main = sequence(first!, answers[0]);

  const scorer = await findDialect((dialect) => new PromptScorer(endpoint, model, tokenizer, dialect), main, signal);
  const logProbs = async ({ ids, from }: Sequence, options: AskOptions = {}) =>
    (await scorer.ask(ids, from, { ...options, signal })).map(({ logprob }) => logprob);

  const once = await logProbs(main);
  const others = [sequence(first!, answers[1]), sequence(second!, answers[0])];
  const [sameQuery, sameAnswer] = (await Promise.all(others.map((other) => logProbs(other)))) as [number[], number[]];
  if (equal(once, sameQuery)) {
    throw new ServerError('LOGPROBS_STALE', place, 'another response to the same query has the same log-probabilities');
  }
  if (equal(once, sameAnswer)) {
    throw new ServerError('LOGPROBS_STALE', place, 'a response to another query has the same log-probabilities');
  }

  const again = [await logProbs(main)];
  again.push(...(await Promise.all(Array.from({ length: TOGETHER }, () => logProbs(main)))));
  const change = Math.max(...again.map((other) => largestChange(once, other)));
  if (change > tolerance) {
    const problem = `a token's log-probability changes by ${change.toPrecision(3)} nats when it is asked for again, more than ${tolerance}`;
    throw new ServerError('LOGPROBS_UNSTABLE', place, problem);
  }

  // Backwards the answer is nonsense: a server that keeps the most probable tokens alone has lost some of its tokens.
  const nonsense = sequence(first!, answers[0].toReversed());
  const top = await topShare(scorer, [main, nonsense], signal);
  for (const [name, settings] of [
    ['temperature', { temperature: 0.5 }],
    ['top-p', { topP: 0.5 }],
  ] as const) {
    const changed = largestChange(once, await logProbs(main, settings).catch(cutOff));
    if (changed <= Math.max(tolerance, 2 * change)) continue;
    const how = Number.isFinite(changed) ? `change by up to ${changed.toPrecision(3)} nats` : 'are gone in part';
    const problem = `log-probabilities follow the ${name} of the request: they ${how} at 0.5`;
    throw new ServerError('LOGPROBS_RENORMALISED', place, problem);
  }
  if (top !== null && top.least > ALL) {
    const problem = `the ${top.tokens} most probable tokens have all of the probability, after nonsense too`;
    throw new ServerError('LOGPROBS_RENORMALISED', place, problem);
  }
  return { scorer, probe: { dialect: scorer.dialect, change, top: top && { tokens: top.tokens, share: top.most } } };
}

interface Sequence {
  ids: readonly number[];
  /** Where the response begins. */
  from: number;
}

async function findDialect(
  scorerOf: (dialect: Dialect) => PromptScorer,
  { ids, from }: Sequence,
  signal: AbortSignal | undefined,
): Promise<PromptScorer> {
  const failures: PopeError[] = [];
  for (const dialect of DIALECTS) {
    const scorer = scorerOf(dialect);
    try {
      await scorer.ask(ids, from, { signal });
      return scorer;
    } catch (error) {
      if (!(error instanceof PopeError) || !TELLING.includes(error.code)) throw error;
      failures.push(error);
    }
  }
  const rank = ({ code }: PopeError) => TELLING.indexOf(code);
  throw failures.reduce((most, failure) => (rank(failure) > rank(most) ? failure : most));
}

/** The share of the probability that the most probable tokens have, at its least and its most; null where none are given. */
async function topShare(scorer: PromptScorer, sequences: readonly Sequence[], signal: AbortSignal | undefined) {
  for (const tokens of TOPS) {
    try {
      const reports = await Promise.all(
        sequences.map(({ ids, from }) => scorer.ask(ids, from, { top: tokens, signal })),
      );
      const shares = reports
        .flat()
        .filter(({ top }) => top.length >= tokens)
        .map(({ top }) =>
          top
            .toSorted((a, b) => b - a)
            .slice(0, tokens)
            .reduce((sum, each) => sum + Math.exp(each), 0),
        );
      return shares.length === 0 ? null : { tokens, least: Math.min(...shares), most: Math.max(...shares) };
    } catch (error) {
      if (!(error instanceof PopeError) || error.code !== 'ENDPOINT_REFUSED') throw error;
    }
  }
  return null;
}

/** What top-p leaves out has no log-probability any more: no numbers at all, which differ from any. */
function cutOff(error: unknown): number[] {
  if (error instanceof ServerError) return [];
  throw error;
}

/** Whether two responses have the same numbers as far as both go, which no model gives by chance. */
function equal(a: readonly number[], b: readonly number[]): boolean {
  const length = Math.min(a.length, b.length);
  return a.slice(0, length).every((value, i) => value === b[i]);
}

function largestChange(a: readonly number[], b: readonly number[]): number {
  return Math.max(...a.map((value, i) => Math.abs(value - (b[i] ?? Number.NEGATIVE_INFINITY))));
}
