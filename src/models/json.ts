import { readFile } from 'node:fs/promises';
import type { z } from 'zod';
import { DataError, describeValue } from '../errors.js';

/**
 * The first key that one object of a valid JSON text holds twice, else null: `JSON.parse` keeps the last without a word.
 */
export function duplicateKey(text: string): string | null {
  // One set of keys per open object; null stands for an open array.
  const open: (Set<string> | null)[] = [];
  for (let i = 0; i < text.length; i++) {
    const character = text[i];
    if (character === '{') open.push(new Set());
    else if (character === '[') open.push(null);
    else if (character === '}' || character === ']') open.pop();
    else if (character === '"') {
      const start = i;
      // A loop and not a regular expression: those run out of stack on long strings.
      for (i++; text[i] !== '"'; i++) if (text[i] === '\\') i++;
      const keys = open.at(-1);
      if (!keys || !isFollowedByColon(text, i + 1)) continue;
      const key = JSON.parse(text.slice(start, i + 1)) as string;
      if (keys.has(key)) return key;
      keys.add(key);
    }
  }
  return null;
}

function isFollowedByColon(text: string, position: number): boolean {
  while (' \t\n\r'.includes(text[position] ?? 'end')) position++;
  return text[position] === ':';
}

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

/** A text file, or null when it does not exist. */
export async function readOptionalText(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT') return null;
    throw new DataError('UNREADABLE_FILE', `${path}: cannot be read (${code})`, { cause: error });
  }
}

/** Parses a JSON text and checks it; `path` is for the message. */
export function parseJson<T>(path: string, text: string, schema: z.ZodType<T>): T {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new DataError('INVALID_JSON', `${path}: not JSON (${(error as Error).message})`, { cause: error });
  }
  return checkJson(path, json, schema);
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
