import { createReadStream } from 'node:fs';
import { splitLines } from './lines.js';
import type { ParquetColumns } from './parquet-columns.js';

/** Bytes of text whose rows are in memory together, and become a row group. */
const GROUP_BYTES = 16 * 1024 * 1024;

/** Key of the file's metadata under which its first row stands as JSON, for readers that want no more. */
export const FIRST_ROW = 'pope:first-row';

/**
 * A file of JSON lines as Parquet (snappy), in bounded memory.
 *
 * @param columns what all its lines have been observed by
 * @param write takes the bytes in order
 */
export async function linesToParquet(
  path: string,
  columns: ParquetColumns,
  write: (bytes: Uint8Array) => Promise<void>,
): Promise<void> {
  const { ByteWriter, ParquetWriter } = await import('hyparquet-writer');
  const buffer = new ByteWriter();
  const flush = async () => {
    const bytes = new Uint8Array(buffer.buffer, 0, buffer.index).slice();
    buffer.index = 0;
    await write(bytes);
  };
  let rows: Record<string, unknown>[] = [];
  let size = 0;
  let first: string | undefined;
  const kvMetadata: { key: string; value: string }[] = [];
  const parquet = new ParquetWriter({ writer: buffer, schema: columns.schema, kvMetadata, createdBy: 'pope-native' });
  const writeGroup = async () => {
    const columnData = columns.names.map((name) => ({ name, data: rows.map((row) => columns.value(row, name)) }));
    await parquet.write({ columnData, rowGroupSize: rows.length });
    await flush();
    rows = [];
    size = 0;
  };
  const chunks = createReadStream(path, { highWaterMark: 1 << 18 }) as AsyncIterable<Buffer>;
  for await (const { bytes } of splitLines(chunks, Number.POSITIVE_INFINITY)) {
    const text = bytes.toString('utf8');
    if (first === undefined) kvMetadata.push({ key: FIRST_ROW, value: text });
    first ??= text;
    rows.push(JSON.parse(text) as Record<string, unknown>);
    size += bytes.length;
    if (size >= GROUP_BYTES) await writeGroup();
  }
  if (rows.length > 0) await writeGroup();
  parquet.finish();
  await flush();
}
