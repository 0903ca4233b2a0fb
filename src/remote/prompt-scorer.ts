import type { Tokenizer } from '../models/tokenizer.js';
import type { Endpoint } from './endpoint.js';
import { type PromptForm, promptAnswer, readAnswer, type TokenReport } from './prompt-answer.js';
import { type Sending, sentPrompt } from './send-prompt.js';
import { requireServedModel } from './served-model.js';
import { ServerError } from './server-error.js';

/** How a server wants to be asked. */
export interface Dialect {
  form: PromptForm;
  send: Sending;
}

export interface AskOptions {
  /** Log-probabilities of so many most probable tokens are asked for as well; default 1. */
  top?: number;
  /** Of sampling, which must not touch the log-probabilities; default 1. */
  temperature?: number;
  topP?: number;
  signal?: AbortSignal | undefined;
}

/** Log-probabilities below this are marks of servers for "none" (vLLM writes -9999). */
const NO_LOGPROB = -1000;
/** Sums of f32 exponentials round above 1, log-probabilities above 0, by less than this. */
const ROUNDING = 1e-3;

/** Asks a model behind /completions how likely given tokens are, one sequence at a time. */
export class PromptScorer {
  readonly #place: string;

  constructor(
    readonly endpoint: Endpoint,
    /** Name of the model, as the server knows it. */
    readonly model: string,
    readonly tokenizer: Tokenizer,
    readonly dialect: Dialect,
  ) {
    this.#place = `${endpoint.url}/completions`;
  }

  /**
   * What the model says of the tokens from place `from` on, given those before.
   *
   * @throws ServerError ECHO_IGNORED, FIRST_TOKEN_MISSING, TOKENS_SHIFTED, LOGPROBS_TRUNCATED, LOGPROBS_RENORMALISED;
   *   PopeError ENDPOINT_FAILED, ENDPOINT_REFUSED, ENDPOINT_ANSWER, ENDPOINT_MODEL; the reason of `signal`
   */
  async ask(
    ids: readonly number[],
    from: number,
    { top = 1, temperature = 1, topP = 1, signal }: AskOptions = {},
  ): Promise<(TokenReport & { logprob: number })[]> {
    const { endpoint, model, tokenizer, dialect } = this;
    const place = this.#place;
    // Servers generate at least one token. Sampling settings are said, because servers have defaults of their own.
    const body = { model, prompt: sentPrompt(ids, dialect.send, tokenizer), max_tokens: 1, temperature, top_p: topP };
    const wanted = dialect.form === 'echo' ? { echo: true, logprobs: top } : { prompt_logprobs: top };
    const { value } = await endpoint.post('completions', { ...body, ...wanted }, promptAnswer, signal);
    requireServedModel(endpoint.url, model, value.model);
    const reports = readAnswer(dialect.form, value.choices[0]!, { ids, tokenizer, place });
    const response = reports.slice(from);
    if (response[0]!.logprob === null && response.slice(1).every(({ logprob }) => logprob !== null)) {
      throw new ServerError('FIRST_TOKEN_MISSING', place, 'the first token of a response has no log-probability');
    }
    return response.map(({ logprob, top: most }, t) => {
      if (logprob === null || logprob < NO_LOGPROB) {
        throw new ServerError('LOGPROBS_TRUNCATED', place, `token ${from + t} of ${ids.length} has probability 0`);
      }
      const mass = most.reduce((sum, each) => sum + Math.exp(each), 0);
      if (logprob > ROUNDING || mass > 1 + 2 * ROUNDING) {
        const got = logprob > ROUNDING ? `the log-probability ${logprob}` : `probabilities that sum to ${mass}`;
        throw new ServerError('LOGPROBS_RENORMALISED', place, `token ${from + t} of ${ids.length} has ${got}`);
      }
      return { logprob, top: most };
    });
  }
}
