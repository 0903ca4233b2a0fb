import type { SchemaElement } from 'hyparquet';
import { UsageError } from '../errors.js';

/** Type of a column, as far as the values so far tell it. */
type Column =
  | { kind: 'unknown' | 'boolean' | 'integer' | 'number' | 'text' }
  | { kind: 'list'; element: Column }
  | { kind: 'struct'; fields: Map<string, Column> };

/** The columns of a Parquet file whose rows are JSON objects: every field that any of them has, all optional. */
export class ParquetColumns {
  readonly #root: Extract<Column, { kind: 'struct' }> = { kind: 'struct', fields: new Map() };

  /**
   * Takes in one more row.
   *
   * @throws UsageError PARQUET_TYPES where a field has values of two types, which a column cannot
   */
  observe(row: object): void {
    merge(this.#root, row, '');
  }

  get names(): string[] {
    return [...this.#root.fields.keys()];
  }

  get schema(): SchemaElement[] {
    const { fields } = this.#root;
    return [
      { name: 'root', num_children: fields.size },
      ...[...fields].flatMap(([name, column]) => elements(name, column)),
    ];
  }

  /** The value of a column in a row, as the writer takes it. */
  value(row: Readonly<Record<string, unknown>>, name: string): unknown {
    return convert(row[name], this.#root.fields.get(name)!);
  }
}

function merge(column: Column, value: unknown, path: string): Column {
  if (value === null || value === undefined) return column;
  if (Array.isArray(value)) {
    const list = column.kind === 'unknown' ? { kind: 'list' as const, element: { kind: 'unknown' } as Column } : column;
    if (list.kind !== 'list') throw mixed(path, column, 'a list');
    for (const item of value) list.element = merge(list.element, item, `${path}[]`);
    return list;
  }
  if (typeof value === 'object') {
    const struct = column.kind === 'unknown' ? { kind: 'struct' as const, fields: new Map<string, Column>() } : column;
    if (struct.kind !== 'struct') throw mixed(path, column, 'an object');
    for (const [name, inner] of Object.entries(value)) {
      const found = merge(
        struct.fields.get(name) ?? { kind: 'unknown' },
        inner,
        path === '' ? name : `${path}.${name}`,
      );
      if (found.kind !== 'unknown') struct.fields.set(name, found);
    }
    return struct;
  }
  const kind = scalarKind(value);
  if (column.kind === 'unknown' || column.kind === kind) return { kind };
  const numbers = ['integer', 'number'];
  if (numbers.includes(column.kind) && numbers.includes(kind)) return { kind: 'number' };
  throw mixed(path, column, kind);
}

function scalarKind(value: unknown): 'boolean' | 'integer' | 'number' | 'text' {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? 'integer' : 'number';
  return typeof value === 'boolean' ? 'boolean' : 'text';
}

function mixed(path: string, { kind }: Column, got: string): UsageError {
  const problem = `field ${path} is ${got} here but ${kind} in an earlier line, and a Parquet column has one type`;
  return new UsageError('PARQUET_TYPES', `${problem}; write a .jsonl file`);
}

function elements(name: string, column: Column): SchemaElement[] {
  const optional = { name, repetition_type: 'OPTIONAL' } as const;
  switch (column.kind) {
    case 'list': {
      const [inner] = [elements('element', column.element)];
      const list: SchemaElement = { name: 'list', repetition_type: 'REPEATED', num_children: 1 };
      return [{ ...optional, num_children: 1, converted_type: 'LIST' }, list, ...inner];
    }
    case 'struct': {
      // A group has at least one field.
      const fields = column.fields.size > 0 ? [...column.fields] : ([['', { kind: 'unknown' }]] as [string, Column][]);
      return [{ ...optional, num_children: fields.length }, ...fields.flatMap(([each, type]) => elements(each, type))];
    }
    case 'boolean':
      return [{ ...optional, type: 'BOOLEAN' }];
    case 'integer':
      return [{ ...optional, type: 'INT64' }];
    case 'number':
      return [{ ...optional, type: 'DOUBLE' }];
    default:
      return [{ ...optional, type: 'BYTE_ARRAY', converted_type: 'UTF8' }];
  }
}

function convert(value: unknown, column: Column): unknown {
  if (value === null || value === undefined) return null;
  switch (column.kind) {
    case 'list':
      return (value as unknown[]).map((item) => convert(item, column.element));
    case 'struct':
      return Object.fromEntries(
        [...column.fields].map(([name, inner]) => [name, convert((value as Record<string, unknown>)[name], inner)]),
      );
    case 'integer':
      return BigInt(value as number);
    default:
      return value;
  }
}
