/** Small logs and policies for tests of evaluations. */
import type { LoggedResponse, Slate } from '../../src/data/slate.js';
import type { Policy, PolicyIdentity, SlateScores } from '../../src/policy/policy.js';

/** A response of a test log with its score under the target policy. */
export interface ScoredResponse extends Partial<LoggedResponse> {
  logProb: number;
  loggingLogProb: number;
  tokens?: number;
}

/** One slate per entry; ids are q0, q1, .. and r0, r1, ..; responses default to 3 tokens. */
export function slatesOf(log: ScoredResponse[][], fields: Partial<Slate>[] = []): Slate[] {
  return log.map((responses, i) => ({
    id: `q${i}`,
    prompt: `prompt ${i}`,
    ...fields[i],
    responses: responses.map(({ logProb: _, loggingLogProb, tokens = 3, ...response }, k) => ({
      id: `r${k}`,
      text: `text ${k}`,
      logging: { logprob: loggingLogProb, tokens },
      ...response,
    })),
  }));
}

/** The policy that gives the responses of such a log their `logProb`. */
export function targetOf(log: ScoredResponse[][], identity: Partial<PolicyIdentity> = {}): Policy {
  return tablePolicy(
    log.map((responses, i) => ({
      query: `q${i}`,
      responses: responses.map(({ logProb, tokens = 3 }, k) => ({
        response: `r${k}`,
        logprob: logProb,
        tokens,
        bytes: 6,
        entropy: null,
        key: null,
      })),
    })),
    identity,
  );
}

/** A policy that yields these scores whatever it is asked. */
export function tablePolicy(scores: SlateScores[], identity: Partial<PolicyIdentity> = {}): Policy {
  return {
    id: 'table',
    identity: { policy: 'table', model: null, tokenizer: null, temperature: 1, dtype: 'f32', ...identity },
    async *score() {
      yield* scores;
    },
  };
}
