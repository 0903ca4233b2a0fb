/** @file What a Parquet file claims, held against its bytes before anything is made of it: a few bytes may claim 2^31 values. */
import type { AsyncBuffer, ColumnMetaData, RowGroup } from 'hyparquet';

/** Values of all columns of a row group, which are in memory together. */
const MAX_VALUES = 2 ** 25;
/** Bytes of a row group when decompressed, which may be this many or so many times those in the file. */
const MAX_BYTES = 2 ** 28;
const MAX_EXPANSION = 64;

/** @throws Error where a row group claims more than its bytes can hold, or than memory should */
export async function checkRowGroup(file: AsyncBuffer, { columns, num_rows: rows }: RowGroup): Promise<void> {
  const { parquetHeader } = await import('hyparquet/src/column.js');
  let values = size(rows, 'rows');
  let expanded = 0;
  let stored = 0;
  for (const { meta_data: column } of columns) {
    if (column === undefined) throw new Error('a column without metadata');
    values += size(column.num_values, 'values');
    expanded += size(column.total_uncompressed_size, 'bytes');
    stored += size(column.total_compressed_size, 'bytes');
  }
  if (values > MAX_VALUES) {
    throw new Error(`a row group of ${values} values, more than ${MAX_VALUES}; write it with smaller row groups`);
  }
  if (stored > file.byteLength) throw new Error(`a row group of ${stored} bytes in a file of ${file.byteLength}`);
  if (expanded > MAX_BYTES && expanded > MAX_EXPANSION * stored) {
    throw new Error(`a row group that expands from ${stored} to ${expanded} bytes`);
  }
  for (const { meta_data: column } of columns) await checkPages(file, column!, parquetHeader);
}

type ReadHeader = typeof import('hyparquet/src/column.js').parquetHeader;

async function checkPages(file: AsyncBuffer, column: ColumnMetaData, readHeader: ReadHeader): Promise<void> {
  const first = size(column.data_page_offset, 'offset');
  const start = column.dictionary_page_offset ? Math.min(size(column.dictionary_page_offset, 'offset'), first) : first;
  const end = start + Number(column.total_compressed_size);
  if (end > file.byteLength) throw new Error(`a column that ends at byte ${end} of ${file.byteLength}`);
  const view = new DataView(await file.slice(start, end));
  let bytes = 0;
  let values = 0;
  for (const reader = { view, offset: 0 }; reader.offset < view.byteLength - 1; ) {
    const page = readHeader(reader);
    reader.offset += size(page.compressed_page_size, 'bytes');
    if (reader.offset > view.byteLength) throw new Error('a page that ends beyond its column');
    bytes += size(page.uncompressed_page_size, 'bytes');
    const words = page.dictionary_page_header;
    if (words !== undefined && size(words.num_values, 'values') > 8 * page.uncompressed_page_size) {
      throw new Error(`a dictionary of ${words.num_values} values in ${page.uncompressed_page_size} bytes`);
    }
    const data = page.data_page_header ?? page.data_page_header_v2;
    if (data !== undefined) values += size(data.num_values, 'values');
    const { data_page_header_v2: levels } = page;
    if (levels !== undefined && size(levels.num_nulls, 'values') > levels.num_values)
      throw new Error('more nulls than values');
  }
  const { num_values: claimed, total_uncompressed_size: limit } = column;
  if (values > Number(claimed)) throw new Error(`a column of ${claimed} values whose pages have ${values}`);
  if (bytes > Number(limit)) throw new Error(`a column of ${limit} bytes whose pages have ${bytes}`);
}

function size(value: number | bigint | undefined, what: string): number {
  const number = Number(value);
  if (!Number.isSafeInteger(number) || number < 0) throw new Error(`${value} as a number of ${what}`);
  return number;
}
