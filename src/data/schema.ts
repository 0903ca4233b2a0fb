/**
 * What a line of a log must be (docs/formats.md). Fields that the format does not name pass through untouched; the
 * types are in slate.ts. A problem is reported with its place, its field, what was expected and what came.
 */
import { z } from 'zod';
import { DataError, describeError, describeValue } from '../errors.js';
import { parseForeignJson } from '../files/json.js';
import type { LoggedResponse, Slate } from './slate.js';

/** Deeper nesting than any real log has, shallow enough for every recursive consumer such as JSON.stringify. */
const MAX_DEPTH = 100;

/** Where a value stopped being a log's: the message says `path: expected ..., got ...`. */
interface Problem {
  path: PropertyKey[];
  expected: string;
  got: string;
}

/** Reads one line of a JSONL log. `where` names file and line. @throws DataError LOG_INVALID */
export function parseSlate(text: string, where: string): Slate {
  let value: unknown;
  try {
    value = parseForeignJson(text, { keepsSurrogates: true });
  } catch (error) {
    throw invalid(where, { path: [], expected: 'one JSON object', got: describeError(error) }, error);
  }
  return validateSlate(value, where);
}

/** Checks a parsed line and returns the very same value. @throws DataError LOG_INVALID */
export function validateSlate(value: unknown, where: string): Slate {
  const problem = structureProblem(value) ?? fieldProblem(value) ?? slateProblem(value as Slate);
  if (problem !== null) throw invalid(where, problem);
  return value as Slate;
}

function invalid(where: string, problem: Problem, cause?: unknown): DataError {
  const field = problem.path.length === 0 ? '' : `${formatPath(problem.path)}: `;
  return new DataError('LOG_INVALID', `${where}: ${field}expected ${problem.expected}, got ${problem.got}`, { cause });
}

/** responses[2].signal */
function formatPath(path: readonly PropertyKey[]): string {
  return path
    .map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`))
    .join('')
    .replace(/^\./, '');
}

// ---- Fields. The messages complete "expected ...".

const string = z
  .string({ error: 'a string' })
  .refine((text) => !LONE_SURROGATE.test(text), { error: 'text that has a UTF-8 form (no lone surrogates)' });
const name = string.refine((text) => text !== '', { error: 'a non-empty string' });
const number = z.number({ error: 'a finite number' });
const rank = number.refine((value) => Number.isSafeInteger(value) && value >= 1, {
  error: 'an integer from 1 (1 is best)',
});

const message = z.looseObject({ role: name, content: string }, { error: 'an object' });

const judgement = z.looseObject(
  {
    judge: name.optional(),
    group: name.optional(),
    signal: number.optional(),
    rank: rank.optional(),
    winsOver: z.array(name, { error: 'an array of response ids' }).optional(),
  },
  { error: 'an object' },
);

const logging = z.looseObject(
  {
    logprob: number.refine((value) => value <= 0, {
      error: 'a sum of log-probabilities in nats, which cannot be above 0 (a probability needs its natural logarithm)',
    }),
    tokens: number
      .refine((value) => Number.isSafeInteger(value) && value >= 1, { error: 'a number of tokens, at least 1' })
      .optional(),
    policy: name.optional(),
  },
  { error: 'an object' },
);

const response = z.looseObject(
  {
    id: name,
    text: name,
    signal: number.optional(),
    rank: rank.optional(),
    judgements: z.array(judgement, { error: 'an array' }).optional(),
    group: name.optional(),
    opinion: name.optional(),
    logging: logging.optional(),
  },
  { error: 'an object' },
);

const slate = z.looseObject(
  {
    id: name,
    prompt: string.optional(),
    messages: z.array(message, { error: 'an array' }).min(1, { error: 'at least one message' }).optional(),
    responses: z.array(response, { error: 'an array' }).min(1, { error: 'at least one response' }),
    weight: number.refine((value) => value >= 0, { error: 'a number that is not negative' }).optional(),
    cluster: name.optional(),
  },
  { error: 'a JSON object' },
);

/** With the u flag a pair of surrogates is one character, so this finds only those without a partner. */
const LONE_SURROGATE = /\p{Surrogate}/u;

function fieldProblem(value: unknown): Problem | null {
  const issue = slate.safeParse(value).error?.issues[0];
  if (issue === undefined) return null;
  const received = issue.path.reduce<unknown>((inner, key) => (inner as Record<PropertyKey, unknown>)?.[key], value);
  return {
    path: issue.path,
    expected: issue.message,
    got: received === undefined ? 'nothing' : describeValue(received),
  };
}

// ---- Rules between fields.

function slateProblem(slate: Slate): Problem | null {
  if ((slate.prompt === undefined) === (slate.messages === undefined)) {
    const got = slate.prompt === undefined ? 'neither' : 'both';
    return { path: [], expected: 'exactly one of prompt and messages', got };
  }
  const ids = new Set<string>();
  for (const [index, { id }] of slate.responses.entries()) {
    if (ids.has(id)) {
      const path = ['responses', index, 'id'];
      return { path, expected: 'an id of its own within the slate', got: `${describeValue(id)} again` };
    }
    ids.add(id);
  }
  for (const [index, response] of slate.responses.entries()) {
    const problem = winsOverProblem(response, ids, index);
    if (problem !== null) return problem;
  }
  return null;
}

function winsOverProblem(response: LoggedResponse, ids: Set<string>, index: number): Problem | null {
  for (const [position, { winsOver = [] }] of (response.judgements ?? []).entries()) {
    const place = winsOver.findIndex((loser) => loser === response.id || !ids.has(loser));
    if (place >= 0) {
      const path = ['responses', index, 'judgements', position, 'winsOver', place];
      return { path, expected: 'the id of another response of this slate', got: describeValue(winsOver[place]) };
    }
  }
  return null;
}

/**
 * Refuses what would harm code that copies or walks unknown fields: nesting without end, and fields named __proto__,
 * which JSON.parse creates as plain fields but an assignment takes for the prototype.
 */
function structureProblem(value: unknown): Problem | null {
  const pending: { value: unknown; depth: number }[] = [{ value, depth: 0 }];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    if (typeof next.value !== 'object' || next.value === null) continue;
    if (next.depth === MAX_DEPTH) return { path: [], expected: `at most ${MAX_DEPTH} levels of nesting`, got: 'more' };
    if (Object.hasOwn(next.value, '__proto__')) {
      return { path: [], expected: 'fields that are safe to copy', got: 'a field named __proto__' };
    }
    for (const inner of Object.values(next.value)) pending.push({ value: inner, depth: next.depth + 1 });
  }
  return null;
}
