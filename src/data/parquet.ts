/** Logs in Parquet: the same columns as the JSONL fields, nested alike (lists of structs). */
import { isDeepStrictEqual } from 'node:util';
import type { AsyncBuffer, FileMetaData, SchemaTree } from 'hyparquet';
import { DataError, describeError } from '../errors.js';
import { type InputFile, requireUnchanged } from './input.js';
import { checkRowGroup } from './parquet-limits.js';

/**
 * The rows of a Parquet file as JSON-like values: null, which is how a column says that a value is absent, is left
 * out, and 64-bit integers become numbers. One row group is in memory at a time. `fraction`: share of the file read.
 * @throws DataError <kind>_UNREADABLE, <kind>_CHANGED
 */
export async function* readParquetRows(file: InputFile): AsyncGenerator<{ row: unknown; fraction: number }> {
  await requireUnchanged(file);
  try {
    // Loaded here, because most programs read no Parquet and importing this package is to be quick.
    const { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects, parquetSchema } = await import('hyparquet');
    const { compressors } = await import('hyparquet-compressors');
    const buffer = heardRejections(await asyncBufferFromFile(file.path));
    // Looking for columns of geometry, the library never ends on a schema that claims a negative number of children.
    const metadata = await parquetMetadataAsync(buffer, { geoparquet: false });
    checkColumns(metadata, parquetSchema(metadata));
    let rowStart = 0;
    for (const group of metadata.row_groups) {
      await checkRowGroup(buffer, group);
      const rowEnd = rowStart + Number(group.num_rows);
      const rows = await parquetReadObjects({ file: buffer, metadata, compressors, rowStart, rowEnd });
      // Before anybody takes rows that are being written over for bad ones.
      await requireUnchanged(file);
      for (const row of rows) {
        yield { row: toJson(row), fraction: rowEnd / Number(metadata.num_rows) };
      }
      rowStart = rowEnd;
    }
  } catch (error) {
    await requireUnchanged(file);
    throw new DataError(`${file.kind}_UNREADABLE`, `${file.name}: cannot be read as Parquet: ${describeError(error)}`, {
      cause: error,
    });
  }
  await requireUnchanged(file);
}

/**
 * A file whose slices never throw but reject, and not unheard. The reader asks for the bytes of all columns before it waits
 * for any: thrown in the midst of that, for a column that claims an impossible place, an error would leave behind the
 * columns already begun, and the failure of one of those would end the process as an unhandled rejection.
 */
function heardRejections(buffer: AsyncBuffer): AsyncBuffer {
  return {
    byteLength: buffer.byteLength,
    slice(start, end) {
      const bytes = (async () => buffer.slice(start, end))();
      bytes.catch(() => {});
      return bytes;
    },
  };
}

/**
 * The reader decodes all columns at once and waits only for those that it finds in the schema: the failure of any other
 * would end the process as an unhandled rejection.
 */
function checkColumns(metadata: FileMetaData, schema: SchemaTree): void {
  const expected = leafPaths(schema).sort();
  for (const group of metadata.row_groups) {
    const found = group.columns.map((column) => JSON.stringify(column.meta_data?.path_in_schema)).sort();
    if (!isDeepStrictEqual(found, expected)) throw new Error('a row group has other columns than the schema');
  }
  if (new Set(expected).size < expected.length) throw new Error('the schema has a column twice');
}

function leafPaths(node: SchemaTree): string[] {
  return node.children.length === 0 ? [JSON.stringify(node.path)] : node.children.flatMap(leafPaths);
}

function toJson(value: unknown): unknown {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  if (Array.isArray(value)) return value.map(toJson);
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Date) return value.toISOString();
  if (ArrayBuffer.isView(value)) return Array.from(value as unknown as ArrayLike<number | bigint>, toJson);
  const fields = Object.entries(value).filter(([, inner]) => inner !== null && inner !== undefined);
  return Object.fromEntries(fields.map(([field, inner]) => [field, toJson(inner)]));
}
