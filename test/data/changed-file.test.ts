import { appendFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { expect, it } from 'vitest';
import { LoggedDataset } from '../../src/data/dataset.js';
import { ParquetColumns } from '../../src/data/parquet-columns.js';
import { loadModel } from '../../src/models/index.js';
import { SafetensorsFile } from '../../src/models/safetensors.js';
import { smallLog, writeLog } from '../cli/logs.js';
import { useTemporaryFolder } from '../helpers/temporary-folder.js';
import { tinyModel } from '../helpers/tiny-model.js';

const folder = useTemporaryFolder();

/** Reads a log, and does something once in the midst of it. */
async function read(log: LoggedDataset, inTheMidst?: () => void): Promise<number> {
  let queries = 0;
  for await (const _ of log) if (++queries === 5) inTheMidst?.();
  return queries;
}

/** A log in Parquet, with a few rows in each of its groups. */
function writeParquetLog(path: string): string {
  const rows = smallLog(20);
  const columns = new ParquetColumns();
  for (const row of rows) columns.observe(row);
  const columnData = columns.names.map((name) => ({ name, data: rows.map((row) => columns.value({ ...row }, name)) }));
  writeFileSync(path, Buffer.from(parquetWriteBuffer({ columnData, schema: columns.schema, rowGroupSize: 4 })));
  return path;
}

const CHANGES: [string, (path: string) => void][] = [
  ['replaced', (path) => renameSync(writeLog(folder.path('other'), smallLog(20)), path)],
  ['appended to', (path) => appendFileSync(path, '{"id":"late"}\n')],
  ['written anew', (path) => writeFileSync(path, 'other')],
];

it.each(CHANGES)('a log that is %s while it is read, or between two passes, is refused', async (_, change) => {
  const path = writeLog(folder.path('log.jsonl'), smallLog(20));
  const log = await LoggedDataset.open(path);
  await expect(read(log, () => change(path))).rejects.toMatchObject({
    code: 'LOG_CHANGED',
    message: `${path}: the file has changed since this command began to read it; run the command again, on a file that nobody writes meanwhile`,
  });
  await expect(read(log)).rejects.toMatchObject({ code: 'LOG_CHANGED' });
  await expect(log.sha256()).rejects.toMatchObject({ code: 'LOG_CHANGED' });
});

it.each(CHANGES)(
  'a log in Parquet that is %s after its first rows is refused before any later one',
  async (_, change) => {
    const path = writeParquetLog(folder.path('log.parquet'));
    const log = await LoggedDataset.open(path);
    expect(await read(log)).toBe(20);
    const queries: string[] = [];
    const reading = (async () => {
      for await (const { id } of log) {
        queries.push(id);
        if (queries.length === 4) change(path);
      }
    })();
    await expect(reading).rejects.toMatchObject({ code: 'LOG_CHANGED' });
    expect(queries).toHaveLength(4);
  },
);

it('a log of which the rest is written over while its beginning is parsed is not called invalid', async () => {
  const path = writeLog(folder.path('long.jsonl'), smallLog(6000));
  const { size } = statSync(path);
  expect(size, 'several chunks').toBeGreaterThan(4 << 18);
  const log = await LoggedDataset.open(path);
  const change = () => writeFileSync(path, '{"id":1}\n'.repeat(size / 9));
  await expect(read(log, change)).rejects.toMatchObject({ code: 'LOG_CHANGED' });
});

it('weights that are replaced while they are read are refused', async () => {
  const model = await tinyModel();
  const path = `${model}/model.safetensors`;
  const file = await SafetensorsFile.open(path);
  await file.requireUnchanged();
  using _ = await loadModel(model);
  appendFileSync(path, 'x');
  await expect(file.requireUnchanged()).rejects.toMatchObject({ code: 'MODEL_CHANGED' });
  await file.close();
});
