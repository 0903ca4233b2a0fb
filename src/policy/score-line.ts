import { z } from 'zod';
import { SPLITS, type Split } from '../data/split.js';
import { DataError, describeError, describeValue } from '../errors.js';
import type { PolicyIdentity, ResponseScore } from './policy.js';

/** Sums of float32 log-probabilities may round above zero by this much; beyond it the sign is wrong. */
const ROUNDING_NATS = 1e-3;

const hash = z.string().nullable().default(null);

/**
 * One line of a score file (docs/formats.md). Only query, response, logprob and tokens are required, so that other
 * tools can write one; `bytes` is then taken from the log.
 */
const scoreLine = z.object({
  query: z.string().min(1),
  response: z.string().min(1),
  policy: z.string().min(1).default('unnamed'),
  logprob: z.number().max(ROUNDING_NATS, 'a log-probability is not positive (is this a negative log-likelihood?)'),
  tokens: z.int().positive(),
  bytes: z.int().positive().nullable().default(null),
  entropy: z.number().nullable().default(null),
  temperature: z.number().positive().default(1),
  dtype: z.string().default('unknown'),
  model: hash,
  tokenizer: hash,
  identity: hash,
  key: hash,
  truncated: z.int().positive().optional(),
  split: z.enum(SPLITS).optional(),
});

export type ScoreLine = z.output<typeof scoreLine>;

/** What every line of one policy's score files has in common. */
export interface ScoreOrigin extends PolicyIdentity {
  /** `Policy.id` of the policy that scored; null where another tool wrote the file. */
  identity: string | null;
}

const ORIGIN_FIELDS = ['policy', 'model', 'tokenizer', 'temperature', 'dtype', 'identity'] as const;

const TYPE_NAMES: Readonly<Record<string, string>> = {
  number: 'a finite number',
  int: 'a whole number',
  string: 'a string',
  object: 'an object',
};

/** @throws DataError SCORES_INVALID naming the place, the field, what was expected and what came */
export function parseScoreLine(text: string, place: string): ScoreLine {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw invalid(place, notANumber(text) ?? `expected one JSON object (${describeError(error)})`, error);
  }
  const result = scoreLine.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0]!;
  const field = issue.path.join('.');
  const got = field === '' ? value : (value as Record<string, unknown>)[field];
  const wanted =
    issue.code === 'invalid_type' ? `expected ${TYPE_NAMES[issue.expected] ?? issue.expected}` : issue.message;
  throw invalid(
    place,
    `${field === '' ? '' : `${field}: `}${wanted}, got ${got === undefined ? 'nothing' : describeValue(got)}`,
    result.error,
  );
}

export function scoreOrigin(line: ScoreLine): ScoreOrigin {
  const { policy, model, tokenizer, temperature, dtype, identity } = line;
  return { policy, model, tokenizer, temperature, dtype, identity };
}

/** The first field in which two origins differ, with both values, or null: scores of one policy. */
export function originDifference(a: ScoreOrigin, b: ScoreOrigin): { field: string; a: string; b: string } | null {
  const field = ORIGIN_FIELDS.find((name) => a[name] !== b[name]);
  return field === undefined ? null : { field, a: describeValue(a[field]), b: describeValue(b[field]) };
}

/** A score as a file has it: `bytes` is null where its writer left them out. */
export type FiledScore = Omit<ResponseScore, 'bytes'> & { bytes: number | null };

/** A score as its line, fields in the documented order. */
export function toScoreLine(query: string, score: FiledScore, origin: ScoreOrigin, split?: Split): ScoreLine {
  return {
    query,
    response: score.response,
    policy: origin.policy,
    logprob: score.logprob,
    tokens: score.tokens,
    bytes: score.bytes,
    entropy: score.entropy,
    temperature: origin.temperature,
    dtype: origin.dtype,
    model: origin.model,
    tokenizer: origin.tokenizer,
    identity: origin.identity,
    key: score.key,
    ...(score.truncated === undefined ? {} : { truncated: score.truncated }),
    ...(split === undefined ? {} : { split }),
  };
}

/** Python writes NaN and Infinity into JSON, which is not JSON: say so by field, not by character position. */
function notANumber(text: string): string | null {
  const found = /"([^"]+)"\s*:\s*(-?(?:NaN|Infinity))\b/.exec(text);
  return found === null ? null : `${found[1]}: expected a finite number, got ${found[2]}`;
}

function invalid(place: string, problem: string, cause: unknown): DataError {
  return new DataError('SCORES_INVALID', `${place}: ${problem}`, { cause });
}
