import pRetry, { AbortError } from 'p-retry';
import type { z } from 'zod';
import { describeError, describeValue, PopeError, UsageError } from '../errors.js';
import { retryAfter } from './retry-after.js';

export interface EndpointOptions {
  /** Sent as a bearer token and never shown; default: see `keyFor`. */
  apiKey?: string | undefined;
  /** Further attempts after the first fails in a way that may pass; default 5. */
  retries?: number | undefined;
  /** Milliseconds before the first retry, doubled for each and up to twice that at random; default 500. */
  backoff?: number | undefined;
  /** Milliseconds that one attempt may take; default 120,000. */
  timeout?: number | undefined;
}

export interface Answer<T> {
  value: T;
  /** The body as it came. */
  raw: string;
  /** Attempts that it took, at least 1. */
  attempts: number;
}

/** What stands for a key wherever one would be seen. */
const KEY = '[key]';
/** Characters; what is shorter (`EMPTY`, `none`) is no secret. */
const MIN_SECRET = 16;

/** Longest wait between two attempts, whatever the server asks for. */
const LONGEST_WAIT = 60_000;

/** Failures of a server or of the way to it that another attempt may not meet. */
const PASSING = new Set([408, 409, 425, 429]);

/** An HTTP server of OpenAI's interface: JSON in, JSON out, with retries. */
export class Endpoint {
  /** Without trailing slash, such as https://host/v1. */
  readonly url: string;
  readonly #options: { retries: number; backoff: number; timeout: number };
  readonly #key: string | undefined;

  /** @throws UsageError ENDPOINT_URL */
  constructor(url: string, { apiKey, retries = 5, backoff = 500, timeout = 120_000 }: EndpointOptions = {}) {
    const parsed = URL.canParse(url) ? new URL(url) : null;
    if (!parsed || !/^https?:$/.test(parsed.protocol) || parsed.search || parsed.hash) {
      throw new UsageError(
        'ENDPOINT_URL',
        `expected a URL such as https://host/v1, got ${describeValue(withoutSecrets(url))}`,
      );
    }
    if (parsed.username || parsed.password) {
      const todo = 'set POPE_API_KEY instead: URLs are printed and stored';
      throw new UsageError('ENDPOINT_URL', `the URL of ${parsed.host} holds a user name or password; ${todo}`);
    }
    this.url = parsed.href.replace(/\/+$/, '');
    this.#options = { retries, backoff, timeout };
    this.#key = checkedKey(apiKey ?? keyFor(parsed, process.env), 'POPE_API_KEY');
  }

  /**
   * Posts one object and checks the answer. Tried again, with growing pauses or those that the server asks for: no connection, no
   * answer in time, an answer that breaks off or is no JSON, statuses 408, 409, 425, 429 and 5xx.
   *
   * @throws PopeError ENDPOINT_FAILED when all attempts fail; ENDPOINT_REFUSED for other statuses; ENDPOINT_ANSWER for JSON of
   *   another form; the reason of `signal`
   */
  async post<T>(path: string, body: object, schema: z.ZodType<T>, signal?: AbortSignal): Promise<Answer<T>> {
    const { retries, backoff } = this.#options;
    let attempts = 0;
    const attempt = async () => {
      attempts++;
      return this.#attempt(path, body, signal);
    };
    const { raw, json } = await pRetry(attempt, {
      retries,
      minTimeout: backoff,
      maxTimeout: LONGEST_WAIT,
      randomize: true,
      ...(signal && { signal }),
      onFailedAttempt: async ({ error, retriesLeft }) => {
        if (error instanceof PassingFailure && retriesLeft > 0) await wait(error.wait, signal);
      },
    }).catch((error: unknown) => {
      if (!(error instanceof PassingFailure)) throw error;
      const count = attempts === 1 ? '1 attempt' : `${attempts} attempts`;
      throw new PopeError('ENDPOINT_FAILED', `${this.url}/${path}: gave up after ${count}: ${error.message}`);
    });
    const result = schema.safeParse(json);
    if (result.success) return { value: result.data, raw, attempts };
    const { path: field, message } = result.error.issues[0]!;
    const where = field.length === 0 ? 'the answer' : `field "${field.join('.')}" of the answer`;
    throw new PopeError('ENDPOINT_ANSWER', `${this.url}/${path}: ${where}: ${message}; got ${this.#excerpt(raw)}`);
  }

  async #attempt(path: string, body: object, signal?: AbortSignal): Promise<{ raw: string; json: unknown }> {
    const deadline = AbortSignal.timeout(this.#options.timeout);
    let response: Response;
    let raw: string;
    try {
      response = await fetch(`${this.url}/${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...(this.#key && { authorization: `Bearer ${this.#key}` }) },
        body: JSON.stringify(body),
        signal: signal ? AbortSignal.any([signal, deadline]) : deadline,
      });
      raw = this.#redact(await response.text(), response.ok);
    } catch (error) {
      signal?.throwIfAborted();
      const late = deadline.aborted ? `no answer within ${this.#options.timeout} ms` : networkProblem(error);
      throw new PassingFailure(late, 0);
    }
    if (!response.ok) {
      const problem = `status ${response.status}, ${this.#excerpt(raw)}`;
      if (!PASSING.has(response.status) && response.status < 500) {
        throw new AbortError(new PopeError('ENDPOINT_REFUSED', `${this.url}/${path}: refused: ${problem}`));
      }
      throw new PassingFailure(problem, Math.min(retryAfter(response.headers.get('retry-after')), LONGEST_WAIT));
    }
    try {
      return { raw, json: JSON.parse(raw) };
    } catch {
      throw new PassingFailure(`an answer that is no JSON, ${this.#excerpt(raw)}`, 0);
    }
  }

  /** The beginning of an answer, for a message. */
  #excerpt(raw: string): string {
    return describeValue(describeError(raw));
  }

  /** Servers may quote the key that they are sent. A good answer may well hold the word that stands where no key is needed. */
  #redact(text: string, isGood: boolean): string {
    const key = this.#key ?? '';
    return key.length >= (isGood ? MIN_SECRET : 1) ? text.replaceAll(key, KEY) : text;
  }
}

/** What another attempt may not meet; `wait` milliseconds are asked for before it. */
class PassingFailure extends Error {
  constructor(
    message: string,
    readonly wait: number,
  ) {
    super(message);
  }
}

/** An address as a message may show it: without user name, password, query and fragment, any of which may be a key. */
function withoutSecrets(url: string): string {
  return url.replace(/\/\/.*@/s, `//${KEY}@`).replace(/[?#].*$/s, '?...');
}

/** A key that can stand in a header. @throws UsageError ENDPOINT_KEY, which does not show it */
export function checkedKey(key: string | undefined, variable: string): string | undefined {
  if (key === undefined || /^[\x21-\x7e]+$/.test(key)) return key;
  const problem =
    'the key has a space, a line break or another character that no key has; is it quoted, or the whole file?';
  throw new UsageError('ENDPOINT_KEY', `${variable}: ${problem}`);
}

/** Whether a name is meant as the address of a server. */
export function isUrl(name: string): boolean {
  return /^https?:\/\//i.test(name);
}

/**
 * The key for a server: POPE_API_KEY for any, since it was set for POPE; OPENAI_API_KEY for api.openai.com alone, since it must
 * not reach other servers.
 */
export function keyFor(url: URL, environment: Readonly<Record<string, string | undefined>>): string | undefined {
  const own = url.host === 'api.openai.com' ? environment.OPENAI_API_KEY : undefined;
  return environment.POPE_API_KEY || own || undefined;
}

/** "fetch failed" says nothing; its cause does. */
function networkProblem(error: unknown): string {
  const { cause } = error as Error;
  return describeError(cause instanceof Error && cause.message ? cause : error);
}

function wait(milliseconds: number, signal?: AbortSignal): Promise<void> {
  if (milliseconds <= 0) return Promise.resolve();
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(signal!.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop);
      resolve();
    }, milliseconds);
    signal?.addEventListener('abort', stop, { once: true });
  });
}
