/** Fields of raw rows, which are text in CSV and numbers or text in JSON, from set to set. */
import { z } from 'zod';
import type { Message } from '../slate.js';
import type { Row } from './rows.js';
import { hashName } from './text.js';

/** A number; also written with a comma for thousands. */
export const number = z.union([
  z.number(),
  z
    .string()
    .regex(/^\s*[-+]?(\d[\d,]*\.?\d*|\.\d+)(e[-+]?\d+)?\s*$/i, 'expected a number')
    .transform((text) => Number(text.replaceAll(',', ''))),
]);

/** What rows are told apart by, as text. */
export const key = z.union([z.string().min(1), z.number()]).transform(String);

/** Id of the row's response where the set has none: the row's place among those of its file, and which file. */
export function rowId(file: number, row: number): string {
  return file === 0 ? String(row) : `${file + 1}.${row}`;
}

/** Id of a query that has only its text. */
export function textId(query: string | readonly Message[]): string {
  return hashName(typeof query === 'string' ? query : JSON.stringify(query));
}

/** The parts that are not empty, as paragraphs. */
export function paragraphs(...parts: (string | null | undefined)[]): string {
  return parts.filter((part) => part?.trim()).join('\n\n');
}

/** The text at `a.b` in a row, for groups that the user names; undefined where there is none. */
export function textAt(row: Row, path: string): string | undefined {
  const value = path.split('.').reduce<unknown>((inner, name) => (inner as Row | null | undefined)?.[name], row);
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** The turns of a dialogue before its answer as messages: whoever answers is the assistant, and people take turns. */
export function dialogue(turns: readonly string[]): Message[] {
  return turns.map((content, i) => ({ role: (turns.length - i) % 2 === 1 ? 'user' : 'assistant', content }));
}
