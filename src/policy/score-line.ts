import { SPLITS, type Split } from '../data/split.js';
import { DataError, describeError, describeValue } from '../errors.js';
import { parseForeignJson } from '../files/json.js';
import { checksumProblem, withChecksum } from './line-checksum.js';
import type { PolicyIdentity, ResponseScore } from './policy.js';

/** Sums of float32 log-probabilities may round above zero by this much; beyond it the sign is wrong. */
const ROUNDING_NATS = 1e-3;

/**
 * One line of a score file (docs/formats.md). Only query, response, logprob and tokens are required, so that other
 * tools can write one; `bytes` is then taken from the log.
 */
export interface ScoreLine {
  query: string;
  response: string;
  policy: string;
  logprob: number;
  tokens: number;
  bytes: number | null;
  entropy: number | null;
  temperature: number;
  dtype: string;
  model: string | null;
  tokenizer: string | null;
  identity: string | null;
  key: string | null;
  truncated?: number;
  split?: Split;
}

/** What every line of one policy's score files has in common. */
export interface ScoreOrigin extends PolicyIdentity {
  /** `Policy.id` of the policy that scored; null where another tool wrote the file. */
  identity: string | null;
}

const ORIGIN_FIELDS = ['policy', 'model', 'tokenizer', 'temperature', 'dtype', 'identity'] as const;

/** @throws DataError SCORES_INVALID naming the place, the field, what was expected and what came; CHECKSUM */
export function parseScoreLine(text: string, place: string): ScoreLine {
  const fields = parseObject(text, place);
  const read = <T>(name: keyof ScoreLine, { is, expected }: Kind<T>, absent?: T): T => {
    const value = fields[name];
    if (is(value)) return value;
    if (value === undefined && absent !== undefined) return absent;
    const got = value === undefined ? 'nothing' : describeValue(value);
    throw invalid(place, `${name}: ${expected}, got ${got}`);
  };
  const { truncated, split, crc32 } = fields;
  const line: ScoreLine = {
    query: read('query', words),
    response: read('response', words),
    policy: read('policy', words, 'unnamed'),
    logprob: read('logprob', number.is(fields.logprob) ? logProbability : number),
    tokens: read('tokens', count),
    bytes: read('bytes', countOrNull, null),
    entropy: read('entropy', numberOrNull, null),
    temperature: read('temperature', positive, 1),
    dtype: read('dtype', string, 'unknown'),
    model: read('model', stringOrNull, null),
    tokenizer: read('tokenizer', stringOrNull, null),
    identity: read('identity', stringOrNull, null),
    key: read('key', stringOrNull, null),
    ...(truncated === undefined ? {} : { truncated: read('truncated', count) }),
    ...(split === undefined ? {} : { split: read('split', splitName) }),
  };
  const problem = checksumProblem(line, crc32, text);
  if (problem !== null) throw new DataError('CHECKSUM', `${place}: ${problem}`);
  return line;
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

/** Checks that all lines come from one policy. */
export class CommonOrigin {
  #first: { value: ScoreOrigin; place: string } | undefined;

  /** Undefined while there are no lines. */
  get value(): ScoreOrigin | undefined {
    return this.#first?.value;
  }

  /** @throws DataError SCORES_MIXED for a line of another policy */
  add(line: ScoreLine, place: string): void {
    this.#first ??= { value: scoreOrigin(line), place };
    const difference = originDifference(this.#first.value, line);
    if (difference === null) return;
    const { field, a, b } = difference;
    throw new DataError(
      'SCORES_MIXED',
      `${place}: scores of two policies: ${field} is ${b} here but ${a} in ${this.#first.place}; give the files of one policy`,
    );
  }
}

/** A score as a file has it: `bytes` is null where its writer left them out. */
export type FiledScore = Omit<ResponseScore, 'bytes'> & { bytes: number | null };

/** What a line says of its response. */
export function filedScore({ response, logprob, tokens, bytes, entropy, key, truncated }: ScoreLine): FiledScore {
  return { response, logprob, tokens, bytes, entropy, key, ...(truncated === undefined ? {} : { truncated }) };
}

/** A score as its line, fields in the documented order, with its checksum. */
export function toScoreLine(query: string, score: FiledScore, origin: ScoreOrigin, split?: Split): ScoreLine {
  return withChecksum({
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
  });
}

/**
 * What a field may be. By hand, because `scoreFile` reads its first line at once: a library of schemas would have to be
 * loaded with the package.
 */
interface Kind<T> {
  expected: string;
  is(value: unknown): value is T;
}

const string: Kind<string> = { expected: 'expected a string', is: (value) => typeof value === 'string' };
const words: Kind<string> = {
  expected: 'expected a non-empty string',
  is: (value): value is string => typeof value === 'string' && value !== '',
};
const number: Kind<number> = {
  expected: 'expected a finite number',
  is: (value): value is number => Number.isFinite(value),
};
const positive: Kind<number> = {
  expected: 'expected a number above 0',
  is: (value): value is number => number.is(value) && value > 0,
};
const logProbability: Kind<number> = {
  expected: 'a log-probability is not positive (is this a negative log-likelihood?)',
  is: (value): value is number => number.is(value) && value <= ROUNDING_NATS,
};
const count: Kind<number> = {
  expected: 'expected a whole number above 0',
  is: (value): value is number => Number.isSafeInteger(value) && (value as number) > 0,
};
const splitName: Kind<Split> = {
  expected: `expected ${SPLITS.join(' or ')}`,
  is: (value): value is Split => SPLITS.some((split) => split === value),
};

const stringOrNull = orNull(string);
const numberOrNull = orNull(number);
const countOrNull = orNull(count);

function orNull<T>({ expected, is }: Kind<T>): Kind<T | null> {
  return { expected: `${expected} or null`, is: (value): value is T | null => value === null || is(value) };
}

function parseObject(text: string, place: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = parseForeignJson(text);
  } catch (error) {
    throw invalid(place, notANumber(text) ?? `expected one JSON object (${describeError(error)})`, error);
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw invalid(place, `expected an object, got ${describeValue(value)}`);
}

/** Python writes NaN and Infinity into JSON, which is not JSON: say so by field, not by character position. */
function notANumber(text: string): string | null {
  const found = /"([^"]+)"\s*:\s*(-?(?:NaN|Infinity))\b/.exec(text);
  return found === null ? null : `${found[1]}: expected a finite number, got ${found[2]}`;
}

function invalid(place: string, problem: string, cause?: unknown): DataError {
  return new DataError('SCORES_INVALID', `${place}: ${problem}`, { cause });
}
