/** Which column or field of a raw row is which field of the log: `--map FIELD=PATH`. */
import { describeValue, UsageError } from '../../errors.js';
import type { Row } from './rows.js';

/** Fields that a row can fill; the row's response is one of its query's. */
export const MAPPED_FIELDS = [
  'query',
  'prompt',
  'cluster',
  'weight',
  'response',
  'text',
  'signal',
  'rank',
  'group',
  'opinion',
  'logprob',
  'propensity',
  'tokens',
] as const;
export type MappedField = (typeof MAPPED_FIELDS)[number];

/** A row that cannot become a response; the reason is counted. */
export class UnusableRow extends Error {}

export class FieldMap {
  readonly #paths: ReadonlyMap<MappedField, string>;

  /** @throws UsageError FIELD_MAP */
  constructor(entries: readonly string[]) {
    const paths = new Map<MappedField, string>();
    for (const entry of entries) {
      const [name, path] = splitOnce(entry, '=');
      const field = MAPPED_FIELDS.find((known) => known === name);
      if (field === undefined || path === undefined || path === '') throw misuse(`got ${describeValue(entry)}`);
      if (paths.has(field)) throw misuse(`got ${field} twice`);
      paths.set(field, path);
    }
    if (!paths.has('text')) throw misuse('got none for text');
    if (paths.has('logprob') && paths.has('propensity')) throw misuse('got both logprob and propensity');
    this.#paths = paths;
  }

  /** Columns that a table needs: the first step of each path. */
  get columns(): string[] {
    return [...new Set(this.#paths.values())];
  }

  has(field: MappedField): boolean {
    return this.#paths.has(field);
  }

  /** The value as text; undefined when it is not mapped, absent or empty. @throws UnusableRow for anything but a scalar */
  text(row: Row, field: MappedField): string | undefined {
    const value = this.#value(row, field);
    if (value === undefined || value === null || value === '') return undefined;
    if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return String(value);
    throw new UnusableRow(`${field}-is-no-text`);
  }

  /** The value as a finite number; undefined when it is not mapped, absent or empty. @throws UnusableRow */
  number(row: Row, field: MappedField): number | undefined {
    const text = this.text(row, field);
    if (text === undefined) return undefined;
    // CSV written from Python says True and False.
    const value = /^true$/i.test(text) ? 1 : /^false$/i.test(text) ? 0 : Number(text);
    if (Number.isFinite(value)) return value;
    throw new UnusableRow(`${field}-is-no-number`);
  }

  /** A column of that very name, else a path of field names joined by dots. */
  #value(row: Row, field: MappedField): unknown {
    const path = this.#paths.get(field);
    if (path === undefined) return undefined;
    if (Object.hasOwn(row, path)) return row[path];
    let value: unknown = row;
    for (const key of path.split('.')) {
      if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
      value = (value as Row)[key];
    }
    return value;
  }
}

function splitOnce(text: string, separator: string): [string, string | undefined] {
  const place = text.indexOf(separator);
  return place < 0 ? [text, undefined] : [text.slice(0, place), text.slice(place + separator.length)];
}

function misuse(problem: string): UsageError {
  return new UsageError(
    'FIELD_MAP',
    `generic: expected --map FIELD=COLUMN for text and any of ${MAPPED_FIELDS.join(', ')} (logprob or propensity, ` +
      `not both), ${problem}`,
  );
}
