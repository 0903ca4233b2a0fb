import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { parquetMetadata } from 'hyparquet';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type InputFile, openInput } from '../../src/data/input.js';
import { readParquetRows } from '../../src/data/parquet.js';
import { useTemporaryFolder } from '../helpers/temporary-folder.js';

const folder = useTemporaryFolder();
const path = join(import.meta.dirname, '../fixtures/log/nested-snappy.parquet');

describe('a broken file', () => {
  const unhandled: unknown[] = [];
  const listen = (reason: unknown) => unhandled.push(reason);
  beforeEach(() => void process.on('unhandledRejection', listen));
  afterEach(() => void process.off('unhandledRejection', listen));

  it('leaves no column behind when a later one claims an impossible place', async () => {
    const bytes = readFileSync(path);
    const metadata = parquetMetadata(new Uint8Array(bytes).buffer);
    const columns = metadata.row_groups[0]!.columns.map((column) => column.meta_data!);
    // The header of the first page says that it is of no known type; a column in the middle begins before the file.
    bytes.fill(0xff, 4, 12);
    const footer = bytes.length - 8 - bytes.readUInt32LE(bytes.length - 8);
    const offset = varint(2 * Number(columns[3]!.data_page_offset));
    const place = bytes.indexOf(offset, footer);
    expect(place).toBeGreaterThan(footer);
    bytes[place]! |= 1;

    const file = await openInput(await folder.write('log.parquet', bytes), 'LOG');
    await expect(readAll(file)).rejects.toMatchObject({ code: 'LOG_UNREADABLE' });
    await setTimeout(50);
    expect(unhandled).toEqual([]);
  });
});

async function readAll(file: InputFile): Promise<unknown[]> {
  const rows: unknown[] = [];
  for await (const { row } of readParquetRows(file)) rows.push(row);
  return rows;
}

/** As integers stand in a Parquet footer, where 2n is n and 2n + 1 is -n - 1. */
function varint(value: number): Buffer {
  const bytes: number[] = [];
  for (; value >= 0x80; value = Math.floor(value / 0x80)) bytes.push((value % 0x80) | 0x80);
  return Buffer.from([...bytes, value]);
}
