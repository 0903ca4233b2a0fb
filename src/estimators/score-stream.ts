import type { LoggedResponse, Slate } from '../data/slate.js';
import { DataError, describeValue } from '../errors.js';
import type { Policy, SlateScores } from '../policy/policy.js';

/** How likely one policy is to write one response, checked. */
export interface Score {
  logprob: number;
  tokens?: number | undefined;
  truncated?: number | undefined;
}

/** The scores of a policy, walked in step with the log and checked against it. */
export class ScoreStream {
  readonly #scores: AsyncIterator<SlateScores>;
  readonly #role: string;

  constructor(
    policy: Policy,
    role: 'target' | 'logging' | 'reference',
    slates: AsyncIterable<Slate> | Iterable<Slate>,
    signal: AbortSignal | undefined,
  ) {
    this.#role = `${role} policy ${describeValue(policy.identity.policy)}`;
    this.#scores = policy.score(slates, signal ? { signal } : {})[Symbol.asyncIterator]();
  }

  async next(slate: Slate): Promise<Score[]> {
    const { value, done } = await this.#scores.next();
    const query = describeValue(slate.id);
    if (done)
      throw new DataError('SCORE_MISSING', `${this.#role}: the scores end before query ${query}; score this log again`);
    if (value.query !== slate.id) {
      throw new DataError(
        'SCORE_MISMATCH',
        `${this.#role}: expected the scores of query ${query}, got those of ${describeValue(value.query)}; do they belong to this log?`,
      );
    }
    return slate.responses.map((response, k) => {
      const score = value.responses[k];
      const place = `${this.#role}, query ${query}, response ${describeValue(response.id)}`;
      if (score === undefined)
        throw new DataError('SCORE_MISSING', `${place}: there is no score; score this log again`);
      if (score.response !== response.id) {
        throw new DataError(
          'SCORE_MISMATCH',
          `${place}: expected its score, got that of ${describeValue(score.response)}; do the scores belong to this log?`,
        );
      }
      return checked(score, place);
    });
  }

  /** To be called after the last slate: the policy sees that there is no other, and says what is wrong with the rest of its scores. */
  async finish(): Promise<void> {
    await this.#scores.next();
  }

  async close(): Promise<void> {
    await this.#scores.return?.();
  }
}

/** What the log itself says of its logging policy. @throws DataError PROPENSITY_MISSING, SCORE_INVALID */
export function propensity(slate: Slate, response: LoggedResponse): Score {
  const place = `query ${describeValue(slate.id)}, response ${describeValue(response.id)}`;
  if (response.logging === undefined) {
    throw new DataError(
      'PROPENSITY_MISSING',
      `${place}: logging.logprob is missing; give the scores of a logging policy in place of the log's own`,
    );
  }
  return checked(response.logging, `${place}, field logging`);
}

function checked(score: Score, place: string): Score {
  const { logprob, tokens } = score;
  if (!Number.isFinite(logprob)) {
    throw new DataError('SCORE_INVALID', `${place}: expected a finite log-probability, got ${describeValue(logprob)}`);
  }
  if (tokens !== undefined && !(Number.isInteger(tokens) && tokens > 0)) {
    throw new DataError(
      'SCORE_INVALID',
      `${place}: expected a positive number of tokens, got ${describeValue(tokens)}`,
    );
  }
  return score;
}
