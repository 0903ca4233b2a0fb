import pRetry, { AbortError } from 'p-retry';
import { DataError, describeError, PopeError } from '../errors.js';
import type { HubSettings } from './settings.js';

const RETRIES = 5;
const PASSING = new Set([408, 425, 429]);

/** Runs an attempt until it succeeds: again after whatever is no `PopeError`, with growing pauses. */
export async function retrying<T>(what: string, attempt: () => Promise<T>, signal?: AbortSignal): Promise<T> {
  const guarded = () =>
    attempt().catch((error: unknown) => {
      signal?.throwIfAborted();
      throw error instanceof PopeError ? new AbortError(error) : asError(error);
    });
  const options = { retries: RETRIES, minTimeout: 300, maxTimeout: 10_000, randomize: true };
  return pRetry(guarded, { ...options, ...(signal && { signal }) }).catch((error: unknown) => {
    signal?.throwIfAborted();
    if (error instanceof PopeError) throw error;
    const todo = 'set HF_HUB_OFFLINE=1 to use what is on disk, or HF_ENDPOINT for a mirror';
    throw new PopeError('HUB_FAILED', `${what}: gave up: ${describeError(error)}; ${todo}`);
  });
}

/** A `fetch` for the hub: with its token, and an error for every answer that is no success. */
export function hubFetch({ url, token }: HubSettings, signal?: AbortSignal): typeof fetch {
  return async (input, init) => {
    const headers = new Headers(init?.headers);
    if (token !== undefined && String(input).startsWith(`${url}/`)) headers.set('authorization', `Bearer ${token}`);
    const response = await fetch(input, { ...init, headers, ...(signal && { signal }) });
    if (response.ok) return response;
    await response.body?.cancel();
    const problem = `${String(input).split('?')[0]}: status ${response.status}`;
    if (PASSING.has(response.status) || response.status >= 500) throw new Error(problem);
    if (response.status === 401 || response.status === 403) {
      const why = token === undefined ? 'private or gated: set HF_TOKEN' : 'the token in HF_TOKEN may not read it';
      throw new DataError('HUB_REFUSED', `${problem}: no access; ${why}, or the model does not exist`);
    }
    throw new DataError(
      'MODEL_NOT_FOUND',
      `${problem}: there is no such model or revision, and no folder of that name`,
    );
  };
}

/** "fetch failed" says nothing; its cause does. */
function asError(error: unknown): Error {
  const { cause } = error as Error;
  return cause instanceof Error ? new Error(cause.message || String(cause)) : new Error(describeError(error));
}
