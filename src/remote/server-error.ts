import { PopeError } from '../errors.js';

/** What can be wrong with the log-probabilities of a server, and what to do about it. */
const ADVICE = {
  ECHO_IGNORED:
    'this server cannot score given text: serve the model with vLLM or SGLang, or score with its weights (--model DIR)',
  FIRST_TOKEN_MISSING: 'log-probabilities that may be off by one token are not used: update or change the server',
  TOKENS_SHIFTED:
    'give the --tokenizer and --template of the model that is served, and let the server take token ids or add no special tokens',
  LOGPROBS_TRUNCATED:
    'have the server give the log-probability of every token that it is sent, whatever its rank, and switch its top-k and top-p off',
  LOGPROBS_RENORMALISED: 'have the server give raw log-probabilities (vLLM: --logprobs-mode raw_logprobs)',
  LOGPROBS_STALE: "switch the server's prefix cache off for scoring (vLLM: --no-enable-prefix-caching), or update it",
  LOGPROBS_UNSTABLE: 'serve in a higher precision or with less batching, or accept the change with --tolerance NATS',
} as const;

export type ServerDefect = keyof typeof ADVICE;

/** Log-probabilities of a server that cannot be trusted; the code names what is wrong with them. */
export class ServerError extends PopeError {
  /** @param place URL of the request */
  constructor(code: ServerDefect, place: string, problem: string) {
    super(code, `${place}: ${problem}; ${ADVICE[code]}`);
  }
}
