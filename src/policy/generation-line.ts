import { z } from 'zod';
import { DataError, describeError, describeValue } from '../errors.js';
import { parseForeignJson } from '../files/json.js';
import { checksumProblem, withChecksum } from './line-checksum.js';

const text = z.string().nullable().default(null);

/** One line of a generation file (docs/formats.md). Only query and text are required, so that other tools can write one. */
const generationLine = z.object({
  query: z.string().min(1),
  index: z.int().nonnegative().nullable().default(null),
  text: z.string(),
  tokens: z.int().positive().nullable().default(null),
  logprob: z.number().nullable().default(null),
  finish: z.enum(['stop', 'length']).nullable().default(null),
  policy: z.string().min(1).default('unnamed'),
  seed: z.int().nonnegative().nullable().default(null),
  temperature: z.number().nonnegative().nullable().default(null),
  identity: text,
  key: text,
  truncated: z.int().positive().optional(),
  crc32: z.string().optional(),
});

export type GenerationLine = Omit<z.output<typeof generationLine>, 'crc32'>;

/** A generation as its line, fields in the documented order, with its checksum. */
export function toGenerationLine(line: GenerationLine): GenerationLine {
  return withChecksum(line);
}

/** @throws DataError GENERATIONS_INVALID naming the place, the field and what came; CHECKSUM */
export function parseGenerationLine(json: string, place: string): GenerationLine {
  let value: unknown;
  try {
    value = parseForeignJson(json);
  } catch (error) {
    throw invalid(place, `expected one JSON object (${describeError(error)})`);
  }
  const result = generationLine.safeParse(value);
  if (result.success) {
    const { crc32, ...line } = result.data;
    const problem = checksumProblem(line, crc32, json);
    if (problem !== null) throw new DataError('CHECKSUM', `${place}: ${problem}`);
    return line;
  }
  const { path, message } = result.error.issues[0]!;
  const field = path.join('.');
  const got = field === '' ? value : (value as Record<string, unknown>)[field];
  throw invalid(
    place,
    `${field === '' ? '' : `${field}: `}${message}, got ${got === undefined ? 'nothing' : describeValue(got)}`,
  );
}

function invalid(place: string, problem: string): DataError {
  return new DataError('GENERATIONS_INVALID', `${place}: ${problem}`);
}
