import type { z } from 'zod';
import { DataError, describeError, describeValue } from '../errors.js';
import { parseForeignJson } from '../files/json.js';
import { readWholeText } from '../files/text.js';

/**
 * Reads a JSON file of a model folder and checks it against a schema.
 *
 * @returns null when the file does not exist
 * @throws DataError `INVALID_JSON` naming the file, and the field where the schema refuses it
 */
export async function readOptionalJson<T>(path: string, schema: z.ZodType<T>): Promise<T | null> {
  const text = await readOptionalText(path);
  return text === null ? null : parseJson(path, text, schema);
}

/** A text file, or null when it does not exist. @throws DataError `UNREADABLE_FILE` */
export async function readOptionalText(path: string): Promise<string | null> {
  try {
    return await readWholeText(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw new DataError('UNREADABLE_FILE', `${path}: cannot be read: ${describeError(error)}`, { cause: error });
  }
}

/** Parses a JSON text and checks it; `path` is for the message. @throws DataError `INVALID_JSON` */
export function parseJson<T>(path: string, text: string, schema: z.ZodType<T>): T {
  return checkJson(path, parseAnyJson(path, text), schema);
}

/** The same without a schema. */
export function parseAnyJson(path: string, text: string): unknown {
  try {
    return parseForeignJson(text);
  } catch (error) {
    throw new DataError('INVALID_JSON', `${path}: not JSON that can be used (${describeError(error)})`, {
      cause: error,
    });
  }
}

/** Checks a parsed value; the first problem becomes the message. */
export function checkJson<T>(path: string, json: unknown, schema: z.ZodType<T>): T {
  const result = schema.safeParse(json);
  if (result.success) return result.data;
  const issue = result.error.issues[0]!;
  const field = issue.path.length > 0 ? `field "${issue.path.join('.')}"` : 'the top level';
  let got: unknown = json;
  for (const key of issue.path) got = (got as Record<PropertyKey, unknown> | undefined)?.[key];
  throw new DataError('INVALID_JSON', `${path}: ${field}: ${issue.message} (got ${describeValue(got)})`);
}
